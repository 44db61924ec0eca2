import { ManualClock } from '@vfio-ts/conformance/fakes';
import { describe, expect, test } from 'vitest';
import { limitedLog } from '../../src/device/guard.ts';
import { makeVgpu, type TestVgpu } from './support.ts';

/** A timer of it throws. */
function fail({ fake, host }: TestVgpu): void {
  fake.host.clock.after(0, () => {
    throw new TypeError('made to fail');
  });
  host.clock.advance(0);
}

describe('a GPU that fails on its own', () => {
  test('is stopped, the log has the error, and the loop goes on', async () => {
    await using made = makeVgpu();
    made.open();
    fail(made);
    expect(made.fake.calls).toEqual(['start', 'stop']);
    const [line] = made.host.logger.take('error');
    expect(line?.error).toEqual(new TypeError('made to fail'));
    expect(made.fake.host.memory.view(0, 4)).toBe(undefined);
  });

  test('is not started again by a close and an open, or by a rest', async () => {
    await using made = makeVgpu();
    made.open().close();
    const opened = made.open();
    fail(made);
    void opened.file.quiesce();
    made.host.clock.advance(0);
    opened.close();
    made.open();
    expect(made.fake.calls.filter((call) => call === 'start').length).toBe(2);
    made.host.logger.take('error');
  });

  test('is started again by a reset', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    fail(made);
    void file.reset();
    expect(made.fake.calls).toEqual(['start', 'stop', 'reset', 'start']);
    made.host.logger.take('error');
  });

  test('and is at rest is started by the end of the rest, not by a reset', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    fail(made);
    void file.quiesce();
    void file.reset();
    expect(made.fake.calls.at(-1)).toBe('reset');
    made.host.clock.advance(0);
    expect(made.fake.calls.filter((call) => call === 'start').length).toBe(2);
    made.host.logger.take('error');
  });

  test('while nobody has it open is not started by a reset', async () => {
    await using made = makeVgpu();
    fail(made);
    made.vgpu.reset();
    expect(made.fake.calls).not.toContain('start');
    made.host.logger.take('error');
  });
});

/** A log of lines, and a writer of many. */
function log(): { clock: ManualClock; lines: string[]; write: (count: number) => void } {
  const clock = new ManualClock();
  const lines: string[] = [];
  const limited = limitedLog(clock, (level, message) => lines.push(`${level} ${message()}`));
  return {
    clock,
    lines,
    write(count) {
      for (let n = 0; n < count; n++) limited('info', () => 'line');
    },
  };
}

describe('a log that a guest floods', () => {
  test('takes 64 lines in ten seconds', () => {
    const { lines, write, clock } = log();
    write(1000);
    clock.advance(9999);
    write(1000);
    expect(lines.length).toBe(64);
  });

  test('says how many were left out, and goes on', () => {
    const { lines, write, clock } = log();
    write(100);
    clock.advance(10_000);
    write(1);
    expect(lines.slice(64)).toEqual(['warn 36 lines were left out', 'info line']);
  });

  test('that is not too much is complete', () => {
    const { lines, write, clock } = log();
    for (let round = 0; round < 3; round++) {
      write(64);
      clock.advance(10_000);
    }
    expect(lines.length).toBe(3 * 64);
  });
});
