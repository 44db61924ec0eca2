// Guest memory the device keeps: pins, and letting go of them when the memory is taken away.

import {
  deviceGroup,
  IOVA_LIMIT,
  PAGE_SIZE,
  registerGroupDev,
  VFIO_DMA_UNMAP_FLAG_ALL,
  type ErrnoCode,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { TestContext } from '../context.ts';
import type { DeviceHarness } from '../harness.ts';
import { expectBytes } from '../probe/bytes.ts';
import type { InProcessSession } from '../in-process.ts';
import {
  BASE,
  dmaOf,
  mapPages,
  pinsOf,
  READ,
  READ_WRITE,
  tellingDmaUnmap,
  WRITE,
  type Told,
} from '../probe/dma.ts';
import { isInProcess } from '../probe/path.ts';
import { pattern } from '../probe/regions.ts';
import { withoutOps } from '../spy-ops.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

type BadPin = readonly [
  what: string,
  iova: number,
  npage: number,
  prot: number,
  codes: readonly ErrnoCode[],
];

/** Against one page that is mapped for reads at {@link BASE}, and one for writes behind it. */
const BAD_PINS: readonly BadPin[] = [
  ['no page', BASE, 0, READ, ['EINVAL']],
  ['a negative number of pages', BASE, -1, READ, ['EINVAL']],
  ['more than 512 pages', BASE, 513, READ, ['E2BIG']],
  ['pages past all addresses', IOVA_LIMIT - PAGE_SIZE, 2, READ, ['EOVERFLOW']],
  ['a page that is not mapped', BASE - PAGE_SIZE, 1, READ, ['EINVAL']],
  ['a mapped page and one that is not', BASE + PAGE_SIZE, 2, WRITE, ['EINVAL']],
  ['a read-only page for writes', BASE, 1, WRITE, ['EPERM']],
  ['a read-only page for both', BASE, 1, READ_WRITE, ['EPERM']],
  ['a page that permits it and one that does not', BASE, 2, READ, ['EPERM']],
];

/** Statements 89 to 93 and 95; a device without DMA is told from one by the suite on access. */
export function dmaPinsSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  const dma = dmaOf(harness);
  if (dma === undefined) return;
  declareSuite('DMA pins', harness, options, ({ test }) => {
    for (const [what, iova, npage, prot, codes] of BAD_PINS) {
      test(`[89] a pin of ${what} is refused and leaves nothing pinned`, async (t) => {
        const { device, session } = await t.open();
        await mapPages(session, 1, { flags: READ });
        await mapPages(session, 1, { at: 1, flags: WRITE });
        await refused(codes, () => dma.pin(device, iova, npage, prot));
        expect(pinsOf(t.core)).toEqual([]);
      });
    }

    test('[89] a device that is not open cannot pin', async (t) => {
      const { device } = t.registered();
      await refused('EINVAL', () => dma.pin(device, BASE, 1, READ));
    });

    test('[89] pins are views of the guest memory, one for each page', async (t) => {
      const { device, session } = await t.open();
      const memory = await mapPages(session, 2);
      const views = dma.pin(device, BASE, 2, READ_WRITE);
      expect(views.map(({ length }) => length)).toEqual([PAGE_SIZE, PAGE_SIZE]);

      views[1]?.set(pattern(8, 1), 16);
      expectBytes(memory.bytes.slice(PAGE_SIZE + 16, PAGE_SIZE + 24), pattern(8, 1));
      memory.bytes.set(pattern(8, 2), 32);
      expectBytes(views[0]?.slice(32, 40), pattern(8, 2));
      dma.unpin(device, BASE, 2);
      expect(pinsOf(t.core)).toEqual([]);
    });

    test('[90] a page pinned twice and unpinned once is still pinned', async (t) => {
      const told: Told[] = [];
      const { device, session, access } = await t.open(tellingDmaUnmap(harness.ops, told));
      await mapPages(session, 1);
      dma.pin(device, BASE, 1, READ);
      dma.pin(device, BASE, 1, READ);
      dma.unpin(device, BASE, 1);
      expect(pinsOf(t.core)).not.toEqual([]);

      await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      expect(told).not.toEqual([]);

      expect(pinsOf(t.core)).toEqual([]);
    });

    test('[90] a page unpinned as often as pinned is not asked for', async (t) => {
      const told: Told[] = [];
      const { device, session, access } = await t.open(tellingDmaUnmap(harness.ops, told));
      await mapPages(session, 1);
      for (let i = 0; i < 2; i++) dma.pin(device, BASE, 1, READ);
      for (let i = 0; i < 2; i++) dma.unpin(device, BASE, 1);
      expect(pinsOf(t.core)).toEqual([]);

      await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      expect(told).toEqual([]);
    });

    test('[90] unpinning what is not pinned does nothing', async (t) => {
      const { device, session } = await t.open();
      await mapPages(session, 2);
      dma.pin(device, BASE, 1, READ);
      dma.unpin(device, BASE + PAGE_SIZE, 1);
      expect(pinsOf(t.core).length).toBe(1);
      dma.unpin(device, BASE, 1);
      expect(pinsOf(t.core)).toEqual([]);
    });

    test('[91] an unmap of a pinned range tells the driver, which lets go before it returns', async (t) => {
      const told: Told[] = [];
      const { device, session, access } = await t.open(tellingDmaUnmap(harness.ops, told));
      await mapPages(session, 4);
      dma.pin(device, BASE + PAGE_SIZE, 2, READ_WRITE);
      await access.unmapDma({ iova: BASE, size: 4 * PAGE_SIZE });
      expect(told).toEqual([{ iova: BASE, length: 4 * PAGE_SIZE }]);

      expect(pinsOf(t.core)).toEqual([]);

      expect(t.logger.at('error')).toEqual([]);
    });

    test('[91] a view of pinned memory is empty after the unmap', async (t) => {
      const { device, session, access } = await t.open();
      const memory = await mapPages(session, 1);
      const views = dma.pin(device, BASE, 1, READ_WRITE);
      await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      for (const view of views) {
        expect(view.length).toBe(0);
        view[0] = 1;
      }
      expectBytes(memory.bytes, new Uint8Array(PAGE_SIZE));
    });

    test('[91] an unmap of everything tells the driver too', async (t) => {
      const { device, session, access } = await t.open();
      await mapPages(session, 1);
      await mapPages(session, 1, { at: 8 });
      dma.pin(device, BASE, 1, READ);
      dma.pin(device, BASE + 8 * PAGE_SIZE, 1, READ);
      await access.unmapDma({ iova: 0, size: 0, flags: VFIO_DMA_UNMAP_FLAG_ALL });
      expect(pinsOf(t.core)).toEqual([]);

      expect(t.logger.at('error')).toEqual([]);
    });

    test('[92] an unmap of another range leaves the pins alone', async (t) => {
      const { device, session, access } = await t.open();
      await mapPages(session, 1);
      await mapPages(session, 1, { at: 1 });
      const [view] = dma.pin(device, BASE, 1, READ);
      await access.unmapDma({ iova: BASE + PAGE_SIZE, size: PAGE_SIZE });
      expect(pinsOf(t.core).length).toBe(1);
      expect(view?.length).toBe(PAGE_SIZE);
      dma.unpin(device, BASE, 1);
    });

    test('[92] an unmap of a range that was pinned before is ignored', async (t) => {
      const told: Told[] = [];
      const { device, session, access } = await t.open(tellingDmaUnmap(harness.ops, told));
      await mapPages(session, 1);
      dma.pin(device, BASE, 1, READ);
      dma.unpin(device, BASE, 1);
      await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      expect(told).toEqual([]);
    });

    if (isInProcess(harness)) {
      test('[92] a driver ignores a range that only another device has pinned (in process)', async (t) => {
        const told: Told[] = [];
        const { device, vdev } = t.registered(tellingDmaUnmap(harness.ops, told));
        const session = t.openInProcess(vdev);
        const other = neighbour(t, session);
        await mapPages(session, 1);
        await mapPages(session, 1, { at: 8 });
        dma.pin(device, BASE, 1, READ);
        dma.pin(other, BASE + 8 * PAGE_SIZE, 1, READ);
        session.access.unmapDma({ iova: BASE + 8 * PAGE_SIZE, size: PAGE_SIZE });
        expect(told).toEqual([{ iova: BASE + 8 * PAGE_SIZE, length: PAGE_SIZE }]);

        expect(pinsOf(t.core).length).toBe(1);
        expect(t.logger.at('error')).toEqual([]);

        dma.unpin(device, BASE, 1);
      });

      test('[93] a driver is told nothing while its device is closed (in process)', async (t) => {
        const told: Told[] = [];
        const { device, vdev } = t.registered(tellingDmaUnmap(harness.ops, told));
        const other = t.registered();
        const session = t.openInProcess(other.vdev);
        await mapPages(session, 1);
        dma.pin(other.device, BASE, 1, READ);
        session.access.unmapDma({ iova: BASE, size: PAGE_SIZE });
        expect(told).toEqual([]);

        const own = t.openInProcess(vdev);
        await mapPages(own, 1);
        dma.pin(device, BASE, 1, READ);
        own.access.close();
        const before = told.length;
        own.container.ioas.unmap({ iova: BASE, size: PAGE_SIZE });
        expect(told.length).toBe(before);
      });

      for (const [what, open] of [
        ['registered as physical', 'physical'],
        ['without a dmaUnmap callback', 'no callback'],
      ] as const) {
        test(
          `[95] a device ${what} cannot pin (in process)`,
          async (t) => {
            const ops = open === 'physical' ? harness.ops : withoutOps(harness.ops, 'dmaUnmap');
            const ref = t.allocated(ops);
            const vdev = t.vdev(ref);
            if (open === 'physical') registerGroupDev(vdev);
            else t.register(vdev);
            t.deferUnregister(vdev);
            await mapPages(t.openInProcess(vdev), 1);
            await refused('EINVAL', () => dma.pin(ref.device, BASE, 1, READ));
            expect(pinsOf(t.core)).toEqual([]);
          },
          { iommuGroup: { id: 7, cacheCoherent: true } },
        );
      }
    }

    test('[93] after the close nothing is pinned', async (t) => {
      const { device, session } = await t.open();
      await mapPages(session, 2);
      const views = dma.pin(device, BASE, 2, READ_WRITE);
      await session.close();
      expect(pinsOf(t.core)).toEqual([]);

      expect(t.logger.at('error')).toEqual([]);

      expect(views.map(({ length }) => length)).toEqual([0, 0]);
    });

    test('[93] a reopened device starts without pins and is not told of old ranges', async (t) => {
      const told: Told[] = [];
      const { device, session, vdev } = await t.open(tellingDmaUnmap(harness.ops, told));
      await mapPages(session, 1);
      dma.pin(device, BASE, 1, READ);
      await session.close();
      const before = told.length;
      const again = await t.connect(vdev);
      await mapPages(again, 1);
      await again.access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      expect(told.length).toBe(before);
    });
  });
}

/** Opens a further device on the address space of a session. */
function neighbour<T extends object>(t: TestContext<T>, session: InProcessSession): T {
  const { device, vdev } = t.registered();
  const group = deviceGroup(vdev).open();
  t.defer('close the group', () => group.close());
  group.setContainer(session.container);
  const file = group.openDevice(vdev.name);
  t.defer('close the file', () => file.close());
  return device;
}
