// Channel paths that come and go, the reports of it, and the subchannel that goes.

import { describe, expect, test } from 'vitest';
import type { PathEvent } from '../../src/index.ts';
import { REPORTS_MAX } from '../../src/driver/channel-reports.ts';
import { errno, OpenCcw } from '../support/open-ccw.ts';
import { finalIrb, haltIrb, irb } from '../support/status.ts';

const used: Omit<PathEvent, 'kind'> = { mask: 0x80, chpid: 0x44 };
const other: Omit<PathEvent, 'kind'> = { mask: 0x40, chpid: 0x45 };

function lpmOfStart(ccw: OpenCcw): number | undefined {
  ccw.subchannel.isRunning = false;
  ccw.startNoop();
  return ccw.subchannel.program?.lpm;
}

test('a start that names no path may use all', async () => {
  await using ccw = new OpenCcw();
  expect(lpmOfStart(ccw)).toBe(0xc0);
});

test('a start goes by the paths it names', async () => {
  await using ccw = new OpenCcw();
  ccw.ccws(0x1000, [{}]);
  ccw.start({ lpm: 0x40 });
  expect(ccw.subchannel.program?.lpm).toBe(0x40);
});

test.each<[PathEvent['kind'], number]>([
  ['vary off', 0x80],
  ['offline', 0xc0],
  ['online', 0xc0],
  ['vary on', 0xc0],
])('after %s of a path a start may use %i', async (kind, lpm) => {
  await using ccw = new OpenCcw();
  ccw.subchannel.path({ kind, ...other });
  expect(lpmOfStart(ccw)).toBe(lpm);
});

test('a path that was varied off comes back by vary on, not by coming online', async () => {
  await using ccw = new OpenCcw();
  ccw.subchannel.path({ kind: 'vary off', ...other });
  ccw.subchannel.path({ kind: 'online', ...other });
  expect(lpmOfStart(ccw)).toBe(0x80);
  const resetting = ccw.file.reset();
  ccw.subchannel.interrupt(haltIrb);
  await resetting;
  ccw.subchannel.path({ kind: 'vary on', ...other });
  expect(lpmOfStart(ccw)).toBe(0xc0);
});

test.each<PathEvent['kind']>(['vary off', 'offline'])(
  'the program on a path that goes %s is halted',
  async (kind) => {
    await using ccw = new OpenCcw();
    ccw.enter('CP_PENDING');
    ccw.subchannel.path({ kind, ...other });
    expect(ccw.subchannel.calls).toEqual([]);
    ccw.subchannel.path({ kind, ...used });
    expect(ccw.subchannel.calls).toEqual(['cancel', 'halt']);
    ccw.subchannel.interrupt(haltIrb);
    expect(ccw.device.state).toBe('IDLE');
    expect(ccw.irb()).toEqual(haltIrb);
  },
);

test('a program that was cancelled with its path ends with deferred condition code 3', async () => {
  await using ccw = new OpenCcw();
  ccw.enter('CP_PENDING');
  ccw.subchannel.script.cancel = [0];
  ccw.subchannel.path({ kind: 'offline', ...used });
  expect(ccw.device.state).toBe('IDLE');
  expect(ccw.irb().subarray(0, 12)).toEqual(
    irb({ flags: 0x03c0, control: 0x4017, programAddress: 0x1000 }).subarray(0, 12),
  );
});

describe('channel reports', () => {
  test.each<[PathEvent['kind'], string]>([
    ['offline', '0406004400000000'],
    ['online', '0402004400000000'],
  ])('of a path that is %s', async (kind, report) => {
    await using ccw = new OpenCcw();
    ccw.subchannel.path({ kind, ...used });
    expect(ccw.count(1)).toBe(1);
    expect(ccw.read(3, 0, 8)).toEqual(Uint8Array.fromHex(report));
    expect(ccw.read(3, 0, 8)).toEqual(new Uint8Array(8));
    expect(ccw.count(1)).toBe(1);
  });

  test.each<PathEvent['kind']>(['vary on', 'vary off'])('of %s there are none', async (kind) => {
    await using ccw = new OpenCcw();
    ccw.subchannel.path({ kind, ...used });
    expect(ccw.count(1)).toBe(0);
  });

  test('come one at a time, each read signals that there are more', async () => {
    await using ccw = new OpenCcw();
    for (const kind of ['offline', 'online'] as const) ccw.subchannel.path({ kind, ...used });
    expect(ccw.count(1)).toBe(2);
    expect(ccw.read(3, 0, 4)).toEqual(Uint8Array.fromHex('04060044'));
    expect(ccw.count(1)).toBe(3);
    expect(ccw.read(3, 0, 4)).toEqual(Uint8Array.fromHex('04020044'));
    expect(ccw.count(1)).toBe(3);
  });

  test('that nobody reads are dropped at some point', async () => {
    await using ccw = new OpenCcw();
    for (let i = 0; i < 2 * REPORTS_MAX; i++) ccw.subchannel.path({ kind: 'online', ...used });
    let count = 0;
    while (ccw.read(3, 0, 4)[0] !== 0) count++;
    expect(count).toBe(REPORTS_MAX);
  });

  test.each<[string, PathEvent, boolean]>([
    ['a path that is not the subchannel’s', { kind: 'offline', mask: 0, chpid: 0x99 }, false],
    ['a subchannel that is gone', { kind: 'offline', ...used }, true],
  ])('of %s there are none', async (_what, event, isGone) => {
    await using ccw = new OpenCcw();
    ccw.subchannel.isGone = isGone;
    ccw.subchannel.path(event);
    ccw.subchannel.isGone = false;
    expect(ccw.count(1)).toBe(0);
  });
});

describe('an unplug', () => {
  test('ends the program, and what comes then is EIO', async () => {
    await using ccw = new OpenCcw();
    ccw.enter('CP_PENDING');
    ccw.subchannel.unplug();
    expect(ccw.device.state).toBe('NOT_OPER');
    expect(() => ccw.start()).toThrow(errno('EIO'));
    expect(ccw.core.leaks().filter(({ kind }) => kind === 'pin')).toEqual([]);
  });

  test('is for good', async () => {
    await using ccw = new OpenCcw();
    ccw.enter('NOT_OPER');
    ccw.subchannel.listener?.changed();
    expect(() => ccw.file.reset()).toThrow(errno('EINVAL'));
  });

  test('is not what a change of a subchannel that is there says', async () => {
    await using ccw = new OpenCcw();
    ccw.subchannel.listener?.changed();
    expect(ccw.device.state).toBe('IDLE');
  });
});

test('a missing prefetch bit is warned of, once in five seconds', async () => {
  await using ccw = new OpenCcw();
  const warnings = (): string[] => {
    ccw.ccws(0x1000, [{}]);
    ccw.start({ control: 0x0080_0000 });
    ccw.subchannel.interrupt(finalIrb);
    return ccw.logger.take('warn').map(({ message }) => message);
  };
  expect(warnings()).toEqual([
    'Prefetching channel program even though prefetch not specified in ORB',
  ]);
  ccw.clock.advance(4999);
  expect(warnings()).toEqual([]);
  ccw.clock.advance(1);
  expect(warnings().length).toBe(1);
});
