// MAP_DMA and UNMAP_DMA, row by row.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  DMA_ENTRY_LIMIT,
  IoAddressSpace,
  IOVA_LIMIT,
  PAGE_SIZE,
  VFIO_DMA_UNMAP_FLAG_ALL,
  VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
  VFIO_DMA_UNMAP_FLAG_VADDR,
  type DmaMapRequest,
  type ErrnoCode,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { expectBytes } from '../probe/bytes.ts';
import { BASE, dmaOf, mapPages, READ, READ_WRITE, WRITE } from '../probe/dma.ts';
import { isInProcess, pathRules } from '../probe/path.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

const ALL = VFIO_DMA_UNMAP_FLAG_ALL;
const BITMAP = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
const VADDR = VFIO_DMA_UNMAP_FLAG_VADDR;

/** Statement 87. */
export function dmaMapSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('DMA maps', harness, options, ({ test }) => {
    const rules = pathRules(harness);
    const dma = dmaOf(harness);

    const badMaps: readonly (readonly [string, Partial<DmaMapRequest>])[] = [
      ['with neither READ nor WRITE', { flags: 0 }],
      ['of no bytes', { size: 0 }],
      ['of a part of a page', { size: 100 }],
      ['at an address that is no page', { iova: BASE + 8 }],
      ['past all addresses', { iova: IOVA_LIMIT - PAGE_SIZE, size: 2 * PAGE_SIZE }],
      ['from past all addresses', { iova: IOVA_LIMIT }],
      ['longer than its memory', { size: 4 * PAGE_SIZE }],
      ['from past its memory', { offset: 2 * PAGE_SIZE }],
      ['at a negative address', { iova: -PAGE_SIZE }],
      ...rules.unknownMapFlags.map(
        (flag) =>
          [`with unknown flag 0x${flag.toString(16)}`, { flags: READ_WRITE | flag }] as const,
      ),
    ];

    for (const [what, wrong] of badMaps) {
      test(`[87] a map ${what} is refused, and nothing is mapped`, async (t) => {
        const { access, session } = await t.open();
        const memory = session.memory(2 * PAGE_SIZE);
        const good = { iova: BASE, size: PAGE_SIZE, flags: READ_WRITE, memory };
        await refused('EINVAL', () => access.mapDma({ ...good, ...wrong }));
        const { size } = await access.unmapDma({ iova: 0, size: 0, flags: ALL });
        expect(size).toBe(0);
      });
    }

    for (const flags of [READ, WRITE, READ_WRITE]) {
      test(`[87] a map with flags ${flags} is taken, and taken back whole`, async (t) => {
        const { access, session } = await t.open();
        await mapPages(session, 3, { flags });
        const size = 3 * PAGE_SIZE;
        expect(await access.unmapDma({ iova: BASE, size })).toEqual({ size });
      });
    }

    for (const [what, at, npage] of [
      ['the front of', -1, 2],
      ['the back of', 2, 2],
      ['all of', -1, 5],
      ['the inside of', 1, 1],
    ] as const) {
      test(`[87] a map over ${what} a mapping is refused`, async (t) => {
        const { device, session } = await t.open();
        const memory = await mapPages(session, 3);
        await refused('EEXIST', () => mapPages(session, npage, { at }));
        memory.bytes.fill(0x77);
        const into = new Uint8Array(3 * PAGE_SIZE).fill(0x77);
        dma?.read(device, BASE, into);
        expectBytes(into, memory.bytes.slice());
      });
    }

    test('[87] a map of the very same range again adds nothing', async (t) => {
      const { access, session } = await t.open();
      const memory = session.memory(PAGE_SIZE);
      const request = { iova: BASE, size: PAGE_SIZE, flags: READ_WRITE, memory };
      await access.mapDma(request);
      expect(rules.repeatedMap).toContain(await outcome(() => access.mapDma(request)));
      const { size } = await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      expect(size).toBe(PAGE_SIZE);
    });

    test('[87] adjacent maps and the last page there is are taken', async (t) => {
      const { access, session } = await t.open();
      await mapPages(session, 1);
      await mapPages(session, 1, { at: 1 });
      const memory = session.memory(PAGE_SIZE);
      const iova = IOVA_LIMIT - PAGE_SIZE;
      await access.mapDma({ iova, size: PAGE_SIZE, flags: READ_WRITE, memory });
      const { size } = await access.unmapDma({ iova: 0, size: 0, flags: ALL });
      expect(size).toBe(3 * PAGE_SIZE);
    });

    if (isInProcess(harness)) {
      test('[87] one mapping more than the limit of 65535 is refused (in process)', async (t) => {
        expect(DMA_ENTRY_LIMIT).toBe(65535);
        const ioas = new IoAddressSpace({ logger: t.logger, name: 'small', maxMappings: 3 });
        const backing = { kind: 'mapped', bytes: new Uint8Array(PAGE_SIZE), revoke() {} } as const;
        const map = (page: number): void =>
          ioas.map({ iova: page * PAGE_SIZE, size: PAGE_SIZE, flags: READ, backing });
        for (const page of [0, 1, 2]) map(page);
        await refused('ENOSPC', () => map(3));
        expect(ioas.mappingCount).toBe(3);
      });

      test('[87] an unmap gives the dirty bitmap of what it takes (in process)', async (t) => {
        const { device, vdev } = t.registered();
        const session = t.openInProcess(vdev);
        await mapPages(session, 3);
        const request = { iova: BASE, size: 3 * PAGE_SIZE, flags: BITMAP, pageSize: PAGE_SIZE };
        await refused('EINVAL', () => session.access.unmapDma(request));
        session.container.ioas.startDirtyTracking(PAGE_SIZE);
        dma?.write(device, BASE + PAGE_SIZE + 1, Uint8Array.of(1));
        const { size, bitmap } = session.access.unmapDma(request);
        expect(size).toBe(3 * PAGE_SIZE);
        expect(bitmap?.[0]).toBe(dma === undefined ? 0 : 2);
      });
    }

    for (const [what, at, npage] of [
      ['its front', 0, 1],
      ['its back', 1, 1],
      ['its front and more', -1, 2],
      ['its back and more', 1, 2],
    ] as const) {
      test(`[87] an unmap of ${what} would cut a mapping and is refused`, async (t) => {
        const { access, session } = await t.open();
        await mapPages(session, 2);
        const iova = BASE + at * PAGE_SIZE;
        await refused('EINVAL', () => access.unmapDma({ iova, size: npage * PAGE_SIZE }));
        const size = 2 * PAGE_SIZE;
        expect(await access.unmapDma({ iova: BASE, size })).toEqual({ size });
      });
    }

    test('[87] an unmap takes every mapping inside its range', async (t) => {
      const { access, session } = await t.open();
      await mapPages(session, 1);
      await mapPages(session, 2, { at: 2 });
      await mapPages(session, 1, { at: 6 });
      const { size } = await access.unmapDma({ iova: BASE, size: 4 * PAGE_SIZE });
      expect(size).toBe(3 * PAGE_SIZE);
      const left = await access.unmapDma({ iova: 0, size: 0, flags: ALL });
      expect(left.size).toBe(PAGE_SIZE);
    });

    test('[87] an unmap where nothing is takes nothing', async (t) => {
      const { access, session } = await t.open();
      await mapPages(session, 1);
      const elsewhere = { iova: BASE + PAGE_SIZE, size: PAGE_SIZE };
      expect(rules.unknownUnmap).toContain(
        await outcome(async () => {
          expect((await access.unmapDma(elsewhere)).size).toBe(0);
        }),
      );
      const { size } = await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      expect(size).toBe(PAGE_SIZE);
    });

    test('[87] an unmap of everything where nothing is takes nothing', async (t) => {
      const { access } = await t.open();
      expect((await access.unmapDma({ iova: 0, size: 0, flags: ALL })).size).toBe(0);
    });

    const badUnmaps: readonly (readonly [string, number, number, number, readonly ErrnoCode[]])[] =
      [
        ['of no bytes', BASE, 0, 0, rules.emptyUnmap],
        ['of a part of a page', BASE, 100, 0, ['EINVAL']],
        ['at an address that is no page', BASE + 8, PAGE_SIZE, 0, ['EINVAL']],
        ['of everything and a size', 0, PAGE_SIZE, ALL, ['EINVAL']],
        ['of everything and an address', BASE, 0, ALL, ['EINVAL']],
        ['of everything with a bitmap', 0, 0, ALL | BITMAP, ['EINVAL']],
        ['with a bitmap while nothing is tracked', BASE, PAGE_SIZE, BITMAP, ['EINVAL']],
        ['with VADDR', BASE, PAGE_SIZE, VADDR, rules.vaddrUnmap],
        ['with unknown flag 8', BASE, PAGE_SIZE, 8, ['EINVAL']],
      ];

    for (const [what, iova, size, flags, codes] of badUnmaps) {
      test(`[87] an unmap ${what} is refused, and everything stays mapped`, async (t) => {
        const { access, session } = await t.open();
        await mapPages(session, 1);
        await refused(codes, () => access.unmapDma({ iova, size, flags, pageSize: PAGE_SIZE }));
        const taken = await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
        expect(taken.size).toBe(PAGE_SIZE);
      });
    }

    test('[87] what was unmapped can be mapped again', async (t) => {
      const { access, session } = await t.open();
      for (let round = 0; round < 3; round++) {
        await mapPages(session, 1);
        await access.unmapDma({ iova: BASE, size: PAGE_SIZE });
      }
    });

    test('[87] a reopened device has none of the old mappings', async (t) => {
      const { session, vdev } = await t.open();
      await mapPages(session, 1);
      await session.close();
      const again = await t.connect(vdev);
      await mapPages(again, 1);
    });
  });
}
