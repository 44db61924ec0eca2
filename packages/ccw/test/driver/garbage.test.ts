// Whatever a guest puts into its memory and its ORB: nothing throws but an errno, every program ends in a status, and
// no byte moves that is not in the guest's mappings.

import { isSettled, outcome } from '@vfio-ts/conformance';
import { ERRNO, PAGE_SIZE } from '@vfio-ts/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ChannelSubsystem,
  DEVICE_STATUS,
  encodeCcw0,
  encodeCcw1,
  ORB_FORMAT_CONTROL,
  type CommandEnd,
  type ControlUnit,
  type DeviceCommand,
  type SoftSubchannel,
} from '../../src/index.ts';
import { CcwUser } from '../support/open-ccw.ts';

/** What is in memory that is not the guest's. */
const SECRET = 0xee;
/** What the device has for every read. */
const FROM_DEVICE = 0x55;
/** Two parts of one memory are the guest's, the page between them and those behind them are not. */
const LOW = 0x40_0000;
const PAGES = 4;
const HIGH = LOW + (PAGES + 1) * PAGE_SIZE;
const MEMORY_PAGES = 2 * PAGES + 2;

class CuriousUnit implements ControlUnit {
  readonly name = 'curious';
  sawSecret = false;

  begin(): void {}

  execute({ data, count }: DeviceCommand): CommandEnd {
    this.sawSecret ||= data.includes(SECRET);
    const status = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;
    return { status, data: new Uint8Array(count).fill(FROM_DEVICE) };
  }

  end(): undefined {}
  listen(): void {}
  reset(): void {}
  async close(): Promise<void> {}
}

/** Mostly the guest's, now and then at its borders or anywhere. */
const address = fc.oneof(
  { weight: 80, arbitrary: fc.integer({ min: 0, max: PAGES * 512 - 9 }).map((n) => LOW + 8 * n) },
  { weight: 2, arbitrary: fc.integer({ min: -9, max: 9 }).map((n) => HIGH - PAGE_SIZE + 8 * n) },
  { weight: 20, arbitrary: fc.integer({ min: 0, max: PAGES * 512 - 9 }).map((n) => HIGH + 8 * n) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }) },
);
const ccw = fc.record({
  command: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(2, 1, 3, 4, 7, 8) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
  ),
  flags: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(0x60, 0x60, 0xa0, 0x20, 0x64) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
  ),
  count: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 64 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
  ),
  address,
});
const program = fc.record({
  at: address,
  control: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(0x00c2_0000, 0x00c0_0000, 0x00c3_0080) },
    { weight: 2, arbitrary: fc.constant(0x0040_0000) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x0fff_ffff }).map((n) => n & 0x0fff_00ff) },
  ),
  lpm: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(0, 0x80) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
  ),
  ccws: fc.array(fc.record({ at: address, run: fc.array(ccw, { minLength: 1, maxLength: 12 }) }), {
    minLength: 1,
    maxLength: 6,
  }),
});

/** Lets the channel go on, and clears what does not end by itself. */
async function ending(user: CcwUser<SoftSubchannel>): Promise<void> {
  for (let turn = 0; turn < 12 && user.device.state === 'CP_PENDING'; turn++) {
    if (turn === 4) user.async(2);
    user.clock.advance(1);
    await isSettled(Promise.resolve());
  }
}

test('random programs end in a status or an errno, and touch the guest’s memory only', async () => {
  await fc.assert(
    fc.asyncProperty(program, async ({ at, control, lpm, ccws }) => {
      const unit = new CuriousUnit();
      await using user = new CcwUser((host) =>
        new ChannelSubsystem(host).attach({ unit, deviceNumber: 0x1234 }),
      );
      const memory = user.memory.alloc('parts', MEMORY_PAGES * PAGE_SIZE);
      const { bytes } = memory;
      const size = PAGES * PAGE_SIZE;
      user.file.mapDma({ iova: LOW, size, flags: 3, memory });
      user.file.mapDma({ iova: HIGH, size, flags: 3, memory, offset: HIGH - LOW });
      const encode = (control & ORB_FORMAT_CONTROL) === 0 ? encodeCcw0 : encodeCcw1;
      for (const { at: start, run } of [{ at, run: ccws[0]?.run ?? [] }, ...ccws]) {
        run.forEach((each, i) => {
          const offset = start - LOW + 8 * i;
          if (offset >= 0 && offset + 8 <= bytes.length) bytes.set(encode(each), offset);
        });
      }
      for (const [page, pages] of [
        [PAGES, 1],
        [2 * PAGES + 1, 1],
      ] as const) {
        bytes.fill(SECRET, page * PAGE_SIZE, (page + pages) * PAGE_SIZE);
      }
      for (const part of [bytes.subarray(0, size), bytes.subarray(HIGH - LOW, HIGH - LOW + size)]) {
        part.forEach((byte, i) => {
          if (byte === SECRET) part[i] = 0;
        });
      }

      const result = await outcome(() => user.start({ programAddress: at, control, lpm }));
      expect(result === 'ok' || Object.hasOwn(ERRNO, result)).toBe(true);
      await ending(user);
      expect(user.device.state).toBe('IDLE');
      expect(user.count(0)).toBe(result === 'ok' ? Math.max(1, user.count(0)) : 0);
      expect(unit.sawSecret).toBe(false);
      for (const page of [PAGES, 2 * PAGES + 1]) {
        const secret = bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
        expect(secret.every((byte) => byte === SECRET)).toBe(true);
      }
      expect(user.core.leaks().filter(({ kind }) => kind === 'pin')).toEqual([]);
      expect(user.logger.at('error')).toEqual([]);
      memory.close();
    }),
    { numRuns: 300 },
  );
});
