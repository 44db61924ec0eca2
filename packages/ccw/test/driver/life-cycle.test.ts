// Close, reset and unmap while a program runs: no guest memory is touched afterwards, and nothing is signalled.

import { isSettled } from '@vfio-ts/conformance';
import { PAGE_SIZE, pinPages, VfioError } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import type { ChannelMemory, ConditionCode } from '../../src/index.ts';
import { QUIESCE_WAIT_MS } from '../../src/driver/quiesce.ts';
import { errno, OpenCcw } from '../support/open-ccw.ts';
import { clearIrb, finalIrb, haltIrb, irb } from '../support/status.ts';

const pinned = ({ core }: OpenCcw): number =>
  core.leaks().filter(({ kind }) => kind === 'pin').length;

/** A read to 0x8000 runs. */
function running(): { readonly ccw: OpenCcw; readonly memory: ChannelMemory } {
  const ccw = new OpenCcw();
  ccw.ccws(0x1000, [{ command: 2, count: 16, address: 0x8000 }]);
  ccw.start();
  const { program } = ccw.subchannel;
  if (program === undefined) throw new Error('no program');
  return { ccw, memory: program.memory };
}

describe('while a program runs', () => {
  test('its pages are pinned', async () => {
    const { ccw } = running();
    await using _ = ccw;
    expect(pinned(ccw)).toBe(1);
  });

  test('its memory is the guest’s', async () => {
    const { ccw, memory } = running();
    await using _ = ccw;
    void memory.write(0x8004, Uint8Array.of(1, 2, 3));
    expect(ccw.ram.slice(0x8000, 0x8008)).toEqual(Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 0));
    const into = new Uint8Array(2);
    void memory.read(0x8005, into);
    expect(into).toEqual(Uint8Array.of(2, 3));
  });

  test('its copy is what runs, whatever the guest does to the CCWs', async () => {
    const { ccw } = running();
    await using _ = ccw;
    ccw.ram.fill(0xff, 0x1000, 0x2000);
    expect(ccw.subchannel.program?.first).toMatchObject({ command: 2, count: 16 });
  });
});

describe('after its end', () => {
  const ends: readonly (readonly [string, (ccw: OpenCcw) => void])[] = [
    ['the final status', ({ subchannel }) => subchannel.interrupt(finalIrb)],
    ['a close', ({ file }) => file.close()],
    ['a reset', ({ file }) => void file.reset()],
    ['an unmap of its data', ({ file }) => file.unmapDma({ iova: 0, size: 16 * PAGE_SIZE })],
    ['an unplug', ({ subchannel }) => subchannel.unplug()],
  ];
  test.each(ends)('by %s nothing is pinned, and its memory is gone', async (_what, end) => {
    const { ccw, memory } = running();
    await using _ = ccw;
    end(ccw);
    expect(pinned(ccw)).toBe(0);
    expect(() => memory.write(0x8000, Uint8Array.of(1))).toThrow(errno('EFAULT'));
    expect(() => memory.read(0x8000, new Uint8Array(1))).toThrow(errno('EFAULT'));
    expect(ccw.ram[0x8000] ?? 0).toBe(0);
    ccw.subchannel.interrupt(haltIrb);
  });
});

describe('a close while a program runs', () => {
  test('halts it, and nothing is signalled when that is done', async () => {
    const { ccw } = running();
    await using _ = ccw;
    const [signal] = ccw.signals;
    let fired = 0;
    signal?.watch(() => fired++);
    ccw.file.close();
    expect(ccw.device.state).toBe('STANDBY');
    expect(ccw.subchannel.calls.slice(2)).toEqual(['disable', 'cancel', 'halt']);
    ccw.subchannel.interrupt(haltIrb);
    expect(ccw.subchannel.isEnabled).toBe(false);
    expect(ccw.clock.pending).toBe(0);
    expect(fired).toBe(0);
  });

  test('signals nothing where the halt is done at once', async () => {
    const { ccw } = running();
    await using _ = ccw;
    let fired = 0;
    ccw.signals[0]?.watch(() => fired++);
    ccw.subchannel.during.halt = () => ccw.subchannel.interrupt(haltIrb);
    ccw.file.close();
    expect(ccw.subchannel.isEnabled).toBe(false);
    expect(ccw.subchannel.statuses).toEqual([]);
    expect(ccw.clock.pending).toBe(0);
    expect(fired).toBe(0);
  });

  test('is done at once where the program can be cancelled', async () => {
    const { ccw } = running();
    await using _ = ccw;
    ccw.subchannel.script.cancel = [0];
    ccw.subchannel.during.cancel = () => (ccw.subchannel.isRunning = false);
    ccw.file.close();
    expect(ccw.subchannel.isEnabled).toBe(false);
    expect(ccw.clock.pending).toBe(0);
  });

  test('tries three halts, three seconds each, then clears', async () => {
    const { ccw } = running();
    await using _ = ccw;
    ccw.file.close();
    ccw.clock.advance(3 * QUIESCE_WAIT_MS);
    const { calls } = ccw.subchannel;
    expect(calls.filter((call) => call === 'halt').length).toBe(3);
    expect(calls.at(-1)).toBe('clear');
    ccw.subchannel.interrupt(clearIrb);
    expect(ccw.subchannel.isEnabled).toBe(false);
  });

  test('gives up after 255 clears: the device is not operational any more', async () => {
    const { ccw } = running();
    await using _ = ccw;
    ccw.file.close();
    ccw.clock.advance(300 * QUIESCE_WAIT_MS);
    const { calls } = ccw.subchannel;
    expect(calls.filter((call) => call === 'clear').length).toBe(255);
    expect(ccw.device.state).toBe('NOT_OPER');
    expect(ccw.logger.take('error').map(({ message }) => message)).toEqual([
      'vfio_ccw: could not quiesce subchannel 0.0.313f!',
    ]);
  });

  test.each<[string, 'halt' | 'clear']>([
    ['halts', 'halt'],
    ['clears', 'clear'],
  ])('that finds it gone when it %s is not operational', async (_what, instruction) => {
    const { ccw } = running();
    await using _ = ccw;
    const busy: ConditionCode[] = [2, 2, 2];
    ccw.subchannel.script.halt = instruction === 'halt' ? [3] : busy;
    ccw.subchannel.script.clear = [3];
    ccw.file.close();
    expect(ccw.device.state).toBe('NOT_OPER');
  });

  test('is not operational where the subchannel was not enabled', async () => {
    await using ccw = new OpenCcw();
    ccw.subchannel.isEnabled = false;
    ccw.file.close();
    expect(ccw.device.state).toBe('NOT_OPER');
  });
});

describe('a reset', () => {
  test('at rest is done at once and leaves an IDLE device with empty regions', async () => {
    await using ccw = new OpenCcw();
    expect(() => ccw.async(7)).toThrow(errno('EINVAL'));
    expect(ccw.file.reset()).toBe(undefined);
    expect(ccw.device.state).toBe('IDLE');
    expect(ccw.read(0, 0, 124)).toEqual(new Uint8Array(124));
    expect(ccw.read(1, 0, 8)).toEqual(new Uint8Array(8));
    expect(ccw.subchannel.isEnabled).toBe(true);
  });

  test('while a program runs takes until the subchannel is at rest', async () => {
    const { ccw } = running();
    await using _ = ccw;
    const resetting = Promise.resolve(ccw.file.reset());
    expect(await isSettled(resetting)).toBe(false);
    expect(() => ccw.startNoop()).toThrow(errno('EBUSY'));
    ccw.subchannel.interrupt(haltIrb);
    await resetting;
    expect(ccw.count(0)).toBe(0);
    ccw.startNoop();
    expect(ccw.device.state).toBe('CP_PENDING');
  });

  test('that finds the subchannel gone is EINVAL', async () => {
    const { ccw } = running();
    await using _ = ccw;
    const resetting = Promise.resolve(ccw.file.reset());
    ccw.subchannel.unplug();
    await expect(resetting).rejects.toThrow(errno('EINVAL'));
    expect(() => ccw.file.reset()).toThrow(errno('EINVAL'));
    ccw.subchannel.isGone = false;
  });

  test('that the end of the device overtakes is over', async () => {
    const { ccw } = running();
    const resetting = Promise.resolve(ccw.file.reset());
    await ccw[Symbol.asyncDispose]();
    await resetting;
    expect(ccw.subchannel.listener).toBe(undefined);
  });

  test('a clear function meanwhile is performed when the subchannel is at rest', async () => {
    const { ccw } = running();
    await using _ = ccw;
    const resetting = Promise.resolve(ccw.file.reset());
    ccw.async(2);
    expect(() => ccw.async(1)).toThrow(errno('EBUSY'));
    expect(ccw.subchannel.calls).not.toContain('clear');
    ccw.subchannel.interrupt(haltIrb);
    await resetting;
    expect(ccw.subchannel.calls.at(-1)).toBe('clear');
  });
});

describe('an open', () => {
  test('after a close that is still under way works, and starts wait', async () => {
    const { ccw } = running();
    await using _ = ccw;
    ccw.device.close();
    ccw.device.open();
    expect(ccw.device.state).toBe('IDLE');
    expect(() => ccw.startNoop()).toThrow(errno('EBUSY'));
    ccw.subchannel.interrupt(haltIrb);
    ccw.startNoop();
    expect(ccw.device.state).toBe('CP_PENDING');
    expect(ccw.count(0)).toBe(0);
  });

  test('of a subchannel that somebody left busy brings it to rest first', async () => {
    await using ccw = new OpenCcw();
    ccw.device.close();
    ccw.subchannel.control = 0x4000;
    ccw.subchannel.isRunning = true;
    ccw.device.open();
    ccw.subchannel.control = 0;
    expect(() => ccw.startNoop()).toThrow(errno('EBUSY'));
    ccw.subchannel.interrupt(finalIrb);
    expect(ccw.count(0)).toBe(0);
    ccw.startNoop();
    expect(ccw.device.state).toBe('CP_PENDING');
  });

  test.each<ConditionCode>([2, 3])('that gets condition code %i is EINVAL for good', async (cc) => {
    await using ccw = new OpenCcw();
    ccw.device.close();
    ccw.subchannel.script.enable = [cc];
    expect(() => ccw.device.open()).toThrow(errno('EINVAL'));
    expect(() => ccw.device.open()).toThrow(errno('EINVAL'));
    expect(ccw.device.state).toBe('NOT_OPER');
  });

  test('that meets a pending status drops it', async () => {
    await using ccw = new OpenCcw();
    ccw.device.close();
    ccw.subchannel.statuses.push(haltIrb);
    ccw.subchannel.script.enable = [1];
    ccw.device.open();
    expect(ccw.subchannel.isEnabled).toBe(true);
    expect(ccw.subchannel.statuses).toEqual([]);
  });
});

describe('an unmap', () => {
  test('of other memory leaves the program alone', async () => {
    await using ccw = new OpenCcw();
    const memory = ccw.memory.alloc('more', PAGE_SIZE);
    ccw.file.mapDma({ iova: 0x100_0000, size: PAGE_SIZE, flags: 3, memory });
    pinPages(ccw.device.vdev, 0x100_0000, 1, 3);
    ccw.startNoop();
    ccw.file.unmapDma({ iova: 0x100_0000, size: PAGE_SIZE });
    memory.close();
    expect(ccw.device.state).toBe('CP_PENDING');
    ccw.logger.take('error');
  });

  test('of its data ends the program, and the guest is told', async () => {
    const { ccw } = running();
    await using _ = ccw;
    ccw.file.unmapDma({ iova: 0, size: 16 * PAGE_SIZE });
    expect(ccw.logger.at('error')).toEqual([]);
    expect(ccw.subchannel.calls.slice(2)).toEqual(['disable', 'cancel', 'halt']);
    expect(ccw.count(0)).toBe(1);
    expect(ccw.irb()).toEqual(
      irb({ flags: 0xc0, control: 0x4017, programAddress: 0x1008, subchannelStatus: 0x08 }).fill(
        0,
        13,
        14,
      ),
    );
    ccw.subchannel.interrupt(haltIrb);
    expect(ccw.device.state).toBe('IDLE');
  });
});

test('an error of the driver itself leaves no program behind', async () => {
  await using ccw = new OpenCcw();
  ccw.subchannel.during.start = () => {
    throw new VfioError('EIO', 'start', 'made to fail');
  };
  expect(() => ccw.startNoop()).toThrow(errno('EIO'));
  expect(ccw.device.state).toBe('IDLE');
});
