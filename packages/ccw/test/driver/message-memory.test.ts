// Guest memory that only its owner reaches: a start is taken, and what is wrong with it comes as a status.

import { isSettled } from '@vfio-ts/conformance';
import { PAGE_SIZE, VfioError, type ErrnoCode } from '@vfio-ts/core';
import { expect, test } from 'vitest';
import { CCW_FLAG_CC, encodeCcw1, type ConditionCode } from '../../src/index.ts';
import { errno, OpenCcw } from '../support/open-ccw.ts';
import { finalIrb, haltIrb, irb } from '../support/status.ts';

const AT = 0x100_0000;

/** An owner that answers when it is told to. */
class SlowMemory {
  readonly bytes: Uint8Array = new Uint8Array(4 * PAGE_SIZE);
  readonly #waiting: (() => void)[] = [];
  error: ErrnoCode | undefined = undefined;
  readonly kind = 'message' as const;

  async read(offset: number, into: Uint8Array): Promise<void> {
    await this.#answer();
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    await this.#answer();
    this.bytes.set(from, offset);
  }

  revoke(): void {
    this.#waiting.length = 0;
  }

  async #answer(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
    if (this.error !== undefined) throw new VfioError(this.error, 'dmaRead', 'made to fail');
  }

  /** Answers all that is asked for, and what that leads to. */
  async answer(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      for (const resolve of this.#waiting.splice(0)) resolve();
      await isSettled(new Promise(() => {}));
    }
  }
}

/** A read of 8 bytes is started, program and data are in slow memory. */
function started(): { readonly ccw: OpenCcw; readonly slow: SlowMemory } {
  const ccw = new OpenCcw();
  const slow = new SlowMemory();
  ccw.container.ioas.map({ iova: AT, size: 4 * PAGE_SIZE, flags: 3, backing: slow });
  slow.bytes.set(encodeCcw1({ command: 2, flags: 0, count: 8, address: AT + PAGE_SIZE }), 0);
  ccw.start({ programAddress: AT });
  ccw.subchannel.calls.length = 0;
  return { ccw, slow };
}

test('a start is taken before the program has been read', async () => {
  const { ccw, slow } = started();
  await using _ = ccw;
  expect(ccw.device.state).toBe('CP_PENDING');
  expect(ccw.subchannel.calls).toEqual([]);
  expect(() => ccw.start({ programAddress: AT })).toThrow(errno('EBUSY'));
  await slow.answer();
  expect(ccw.subchannel.calls).toEqual(['start']);
  expect(ccw.subchannel.program?.first.data).toEqual([{ iova: AT + PAGE_SIZE, length: 8 }]);
});

test('the program reaches its data', async () => {
  const { ccw, slow } = started();
  await using _ = ccw;
  await slow.answer();
  const memory = ccw.subchannel.program?.memory;
  const written = Promise.resolve(memory?.write(AT + PAGE_SIZE, Uint8Array.of(1, 2)));
  await slow.answer();
  await written;
  expect(slow.bytes.slice(PAGE_SIZE, PAGE_SIZE + 3)).toEqual(Uint8Array.of(1, 2, 0));
  ccw.subchannel.interrupt(finalIrb);
  expect(ccw.device.state).toBe('IDLE');
});

test('data of a program that is over goes nowhere, and says so', async () => {
  const { ccw, slow } = started();
  await using _ = ccw;
  await slow.answer();
  const memory = ccw.subchannel.program?.memory;
  const read = Promise.resolve(memory?.read(AT + PAGE_SIZE, new Uint8Array(8)));
  ccw.subchannel.interrupt(finalIrb);
  await Promise.all([expect(read).rejects.toThrow(errno('EFAULT')), slow.answer()]);
});

test.each<[ErrnoCode, number]>([
  ['EFAULT', 0x08],
  ['EINVAL', 0x20],
  ['EIO', 0x20],
])('a program that cannot be read, %s, ends with subchannel status %i', async (code, status) => {
  const { ccw, slow } = started();
  await using _ = ccw;
  slow.error = code;
  await slow.answer();
  expect(ccw.device.state).toBe('IDLE');
  expect(ccw.count(0)).toBe(1);
  expect(ccw.irb().subarray(0, 12)).toEqual(
    irb({
      flags: 0xc0,
      control: 0x4017,
      programAddress: AT + 8,
      subchannelStatus: status,
    }).subarray(0, 12),
  );
  expect(ccw.subchannel.calls).toEqual([]);
});

test('a program that is wrong ends with a program check', async () => {
  const { ccw, slow } = started();
  await using _ = ccw;
  const chained = encodeCcw1({ command: 3, flags: CCW_FLAG_CC, count: 0, address: 0 });
  for (let i = 0; i < 256; i++) slow.bytes.set(chained, 8 * i);
  await slow.answer();
  expect(ccw.irb()[9]).toBe(0x20);
});

test.each<[ConditionCode[], number]>([
  [[2], 1],
  [[1, 1], 1],
  [[3], 3],
])('a start that gets %o ends with deferred condition code %i', async (script, deferred) => {
  const { ccw, slow } = started();
  await using _ = ccw;
  ccw.subchannel.script.start = script;
  await slow.answer();
  expect(ccw.device.state).toBe('IDLE');
  expect((ccw.irb()[0] ?? 0) & 3).toBe(deferred);
});

test.each([1, 2])('command %i ends a start that is still being read', async (command) => {
  const { ccw, slow } = started();
  await using _ = ccw;
  ccw.async(command);
  await slow.answer();
  expect(ccw.subchannel.calls).not.toContain('start');
  ccw.subchannel.interrupt(haltIrb);
  expect(ccw.device.state).toBe('IDLE');
  expect(ccw.count(0)).toBe(1);
});

test.each<[string, (ccw: OpenCcw) => unknown]>([
  ['a close', ({ file }) => file.close()],
  ['a reset', ({ file }) => file.reset()],
  ['an unmap', ({ container }) => container.ioas.unmap({ iova: AT, size: 4 * PAGE_SIZE })],
])('%s ends a start that is still being read', async (_what, end) => {
  const { ccw, slow } = started();
  await using _ = ccw;
  await end(ccw);
  await slow.answer();
  expect(ccw.subchannel.calls).not.toContain('start');
  expect(ccw.subchannel.program).toBe(undefined);
});
