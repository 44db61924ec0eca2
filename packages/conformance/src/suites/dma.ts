// What the device does with guest memory: reads and writes.

import { IOVA_LIMIT, PAGE_SIZE, pinPages } from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { DmaHooks } from '../device-under-test.ts';
import type { DeviceHarness } from '../harness.ts';
import { expectBytes } from '../probe/bytes.ts';
import { BASE, dmaOf, mapPages, READ, WRITE } from '../probe/dma.ts';
import { pattern } from '../probe/regions.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

/** Statements 88 and 94, and what a device without DMA has to refuse. */
export function dmaSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  const dma = dmaOf(harness);
  if (dma === undefined) {
    withoutDma(harness, options);
    return;
  }
  declareAccess(harness, dma, options);
}

function withoutDma<T extends object>(harness: DeviceHarness<T>, options: SuiteOptions): void {
  declareSuite('DMA', harness, options, ({ test }) => {
    test('[95] a device without DMA cannot pin', async (t) => {
      const { session, vdev } = await t.open();
      await mapPages(session, 1);
      await refused('EINVAL', () => pinPages(vdev, BASE, 1, READ));
    });

    test('[91] a device without DMA is not in the way of map and unmap', async (t) => {
      const { session, access } = await t.open();
      await mapPages(session, 1);
      expect(await access.unmapDma({ iova: BASE, size: PAGE_SIZE })).toEqual({ size: PAGE_SIZE });
    });
  });
}

function declareAccess<T extends object>(
  harness: DeviceHarness<T>,
  dma: DmaHooks<T>,
  options: SuiteOptions,
): void {
  declareSuite('DMA access', harness, options, ({ test }) => {
    test('[88] the device reads what the guest has written', async (t) => {
      const { device, session } = await t.open();
      const memory = await mapPages(session, 2);
      memory.bytes.set(pattern(2 * PAGE_SIZE, 1));
      const into = new Uint8Array(PAGE_SIZE);
      dma.read(device, BASE + 100, into);
      expectBytes(into, pattern(2 * PAGE_SIZE, 1).slice(100, 100 + PAGE_SIZE));
    });

    test('[88] the guest sees what the device has written, and nothing else changes', async (t) => {
      const { device, session } = await t.open();
      const memory = await mapPages(session, 2);
      dma.write(device, BASE + PAGE_SIZE - 8, pattern(16, 2));
      const expected = new Uint8Array(2 * PAGE_SIZE);
      expected.set(pattern(16, 2), PAGE_SIZE - 8);
      expectBytes(memory.bytes, expected);
    });

    test('[88] memory mapped from an offset is found there', async (t) => {
      const { device, session, access } = await t.open();
      const memory = session.memory(2 * PAGE_SIZE);
      memory.bytes.set(pattern(16, 3), PAGE_SIZE);
      const where = { iova: BASE, size: PAGE_SIZE, offset: PAGE_SIZE };
      await access.mapDma({ ...where, flags: READ, memory });
      const into = new Uint8Array(16);
      dma.read(device, BASE, into);
      expectBytes(into, pattern(16, 3));
    });

    test('[88] after an unmap the device reaches nothing', async (t) => {
      const { device, session, access } = await t.open();
      const memory = await mapPages(session, 1);
      dma.read(device, BASE, new Uint8Array(4));
      await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      await refused('EINVAL', () => dma.read(device, BASE, new Uint8Array(4)));
      await refused('EINVAL', () => dma.write(device, BASE, pattern(4, 4)));
      expectBytes(memory.bytes, new Uint8Array(PAGE_SIZE));
    });

    test('[88] a new mapping at the old address is another memory', async (t) => {
      const { device, session, access } = await t.open();
      const old = await mapPages(session, 1);
      dma.write(device, BASE, pattern(4, 5));
      await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      const memory = await mapPages(session, 1);
      dma.write(device, BASE + 4, pattern(4, 6));
      expectBytes(memory.bytes.slice(0, 8), Uint8Array.of(0, 0, 0, 0, ...pattern(4, 6)));
      expectBytes(old.bytes.slice(0, 8), Uint8Array.of(...pattern(4, 5), 0, 0, 0, 0));
    });

    test('[88, 94] a write to a read-only range is refused, and nothing changes', async (t) => {
      const { device, session } = await t.open();
      const memory = await mapPages(session, 1, { flags: READ });
      await refused('EPERM', () => dma.write(device, BASE, pattern(4, 7)));
      expectBytes(memory.bytes, new Uint8Array(PAGE_SIZE));
      dma.read(device, BASE, new Uint8Array(4));
    });

    test('[88] a read of a write-only range is refused', async (t) => {
      const { device, session } = await t.open();
      await mapPages(session, 1, { flags: WRITE });
      await refused('EPERM', () => dma.read(device, BASE, new Uint8Array(4)));
      dma.write(device, BASE, pattern(4, 8));
    });

    test('[94] an access of no bytes is refused', async (t) => {
      const { device, session } = await t.open();
      await mapPages(session, 1);
      await refused('EINVAL', () => dma.read(device, BASE, new Uint8Array(0)));
      await refused('EINVAL', () => dma.write(device, BASE, new Uint8Array(0)));
    });

    for (const [what, iova, length] of [
      ['before a mapping', BASE - 2, 4],
      ['past a mapping', BASE + PAGE_SIZE - 2, 4],
      ['far from any mapping', BASE + 2 ** 40, 4],
      ['past all addresses', IOVA_LIMIT - 2, 4],
    ] as const) {
      test(`[94] an access that reaches ${what} is refused, and nothing moves`, async (t) => {
        const { device, session } = await t.open();
        const memory = await mapPages(session, 1);
        await refused('EINVAL', () => dma.write(device, iova, pattern(length, 9)));
        expectBytes(memory.bytes, new Uint8Array(PAGE_SIZE));
        memory.bytes.fill(0xee);
        const into = new Uint8Array(length);
        await refused('EINVAL', () => dma.read(device, iova, into));
        expectBytes(into, new Uint8Array(length));
      });
    }

    test('[94] an access goes across two adjacent mappings', async (t) => {
      const { device, session } = await t.open();
      const first = await mapPages(session, 1);
      const second = await mapPages(session, 1, { at: 1 });
      dma.write(device, BASE + PAGE_SIZE - 3, pattern(8, 10));
      expectBytes(first.bytes.slice(-3), pattern(8, 10).slice(0, 3));
      expectBytes(second.bytes.slice(0, 5), pattern(8, 10).slice(3));
      const into = new Uint8Array(8);
      dma.read(device, BASE + PAGE_SIZE - 3, into);
      expectBytes(into, pattern(8, 10));
    });

    test('[94] an access across into a read-only mapping is refused whole', async (t) => {
      const { device, session } = await t.open();
      const first = await mapPages(session, 1);
      await mapPages(session, 1, { at: 1, flags: READ });
      await refused('EPERM', () => dma.write(device, BASE + PAGE_SIZE - 3, pattern(8, 11)));
      expectBytes(first.bytes, new Uint8Array(PAGE_SIZE));
    });

    test('[94] a device that is not open reaches no memory', async (t) => {
      const { device, session } = await t.open();
      await mapPages(session, 1);
      await session.close();
      await refused('EINVAL', () => dma.read(device, BASE, new Uint8Array(4)));
      await refused('EINVAL', () => dma.write(device, BASE, new Uint8Array(4)));
    });
  });
}
