// GET_INFO, GET_REGION_INFO and GET_IRQ_INFO: what a device says about itself, and that it is true.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  PAGE_SIZE,
  REGION_INFO_SIZE,
  VFIO_DEVICE_FLAGS_PCI,
  VFIO_DEVICE_FLAGS_RESET,
  VFIO_PCI_NUM_IRQS,
  VFIO_PCI_NUM_REGIONS,
  VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
  VFIO_REGION_INFO_CAP_SPARSE_MMAP,
  VFIO_REGION_INFO_CAP_TYPE,
  VFIO_REGION_INFO_FLAG_CAPS,
  VFIO_REGION_INFO_FLAG_MMAP,
  type RegionInfo,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { sizeBars } from '../probe/bars.ts';
import { irqInfos } from '../probe/irqs.ts';
import { isInProcess, pathRules } from '../probe/path.ts';
import { mappableAreas, regionInfo, regionInfos } from '../probe/regions.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

const U32_MAX = 0xffff_ffff;
const CAP_HEADER_SIZE = 8;

/** Payload bytes of each capability a region can have, with `n` areas; those of old NVLink are not offered. */
const CAP_PAYLOAD: ReadonlyMap<number, (areas: number) => number> = new Map([
  [VFIO_REGION_INFO_CAP_SPARSE_MMAP, (areas: number) => 8 + 16 * areas],
  [VFIO_REGION_INFO_CAP_TYPE, () => 8],
  [VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, () => 0],
]);

/** Statements 50 to 57. */
export function infoSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('info', harness, options, ({ test }) => {
    const { supports } = harness;
    const rules = pathRules(harness);

    for (const argsz of [0, 15]) {
      test(`[50] GET_INFO with argsz ${argsz} is refused`, async (t) => {
        const { access } = await t.open();
        await refused('EINVAL', () => access.getInfo(argsz));
      });
    }

    test('[50] GET_INFO with a larger argsz says the same', async (t) => {
      const { access } = await t.open();
      const info = await access.getInfo(16);
      expect(await access.getInfo(256)).toEqual(info);
      expect(info.argsz).toBeGreaterThanOrEqual(16);
    });

    test('[51] the flags say PCI and RESET exactly when the device is and has that', async (t) => {
      const { access } = await t.open();
      const { flags } = await access.getInfo();
      expect((flags & VFIO_DEVICE_FLAGS_PCI) !== 0).toBe(supports.pci);
      expect((flags & VFIO_DEVICE_FLAGS_RESET) !== 0).toBe(supports.reset);
    });

    if (supports.pci) {
      test('[51] a PCI device has 9 regions and 5 interrupt indexes at least', async (t) => {
        const { access } = await t.open();
        const { numRegions, numIrqs } = await access.getInfo();
        expect(numRegions).toBeGreaterThanOrEqual(VFIO_PCI_NUM_REGIONS);
        expect(numIrqs).toBeGreaterThanOrEqual(VFIO_PCI_NUM_IRQS);
      });
    }

    for (const argsz of [0, REGION_INFO_SIZE - 1]) {
      test(`[52] GET_REGION_INFO with argsz ${argsz} is refused`, async (t) => {
        const { access } = await t.open();
        await refused('EINVAL', () => access.getRegionInfo(0, argsz));
      });
    }

    test('[52] GET_REGION_INFO of an index past the last is refused', async (t) => {
      const { access } = await t.open();
      const { numRegions } = await access.getInfo();
      await refused('EINVAL', () => access.getRegionInfo(numRegions, REGION_INFO_SIZE));
      await refused('EINVAL', () => access.getRegionInfo(U32_MAX, REGION_INFO_SIZE));
    });

    test('[53] a region that is not implemented is described with size 0 and no flags', async (t) => {
      const { access } = await t.open();
      const infos = await regionInfos(access);
      infos.forEach(({ index }, i) => expect(index).toBe(i));
      for (const { size, flags } of infos.filter((info) => info.size === 0)) {
        expect([size, flags & ~VFIO_REGION_INFO_FLAG_CAPS]).toEqual([0, 0]);
      }
    });

    test('[53] an implemented region has a whole size and says what it permits', async (t) => {
      const { access } = await t.open();
      for (const { size, flags } of await regionInfos(access)) {
        expect(Number.isSafeInteger(size)).toBe(true);
        expect(size > 0 && (flags & 7) === 0).toBe(false);
        if ((flags & VFIO_REGION_INFO_FLAG_MMAP) !== 0) expect(size % PAGE_SIZE).toBe(0);
      }
    });

    if (supports.pci) {
      test('[53] the size of each BAR region is that of the BAR sizing protocol', async (t) => {
        const { access } = await t.open();
        const infos = await regionInfos(access);
        const bars = await sizeBars(access);
        for (const info of infos.slice(0, 6)) {
          const bar = bars.find(({ index }) => index === info.index);
          expect([info.index, info.size]).toEqual([info.index, bar?.size ?? 0]);
        }
      });
    }

    test('[54] a short buffer gets no chain but is told what the chain needs', async (t) => {
      const { access } = await t.open();
      for (const full of await regionInfos(access)) {
        const { index, argsz } = full;
        if (argsz === REGION_INFO_SIZE) continue;
        for (const room of [REGION_INFO_SIZE, argsz - 1]) {
          const short = await access.getRegionInfo(index, room);
          const capsFlag = rules.shortInfoKeepsCapsFlag ? VFIO_REGION_INFO_FLAG_CAPS : 0;
          expect(short.flags & VFIO_REGION_INFO_FLAG_CAPS).toBe(capsFlag);
          expect([short.argsz, short.capOffset, short.caps.length]).toEqual([argsz, 0, 0]);
          expect([short.size, short.index]).toEqual([full.size, index]);
        }
        expect(full.flags & VFIO_REGION_INFO_FLAG_CAPS).toBe(VFIO_REGION_INFO_FLAG_CAPS);
        expect(full.capOffset).toBeGreaterThanOrEqual(REGION_INFO_SIZE);
      }
    });

    test('[54] more room than needed changes nothing', async (t) => {
      const { access } = await t.open();
      const { numRegions } = await access.getInfo();
      for (let index = 0; index < numRegions; index++) {
        const full = await regionInfo(access, index);
        expect(await access.getRegionInfo(index, full.argsz + 64)).toEqual(full);
      }
    });

    test('[55] each capability chain stays inside, ends, and has known capabilities only', async (t) => {
      const { access } = await t.open();
      for (const info of await regionInfos(access)) checkChain(info);
    });

    test('[55] sparse areas are whole pages inside the region and do not overlap', async (t) => {
      const { access } = await t.open();
      for (const info of await regionInfos(access)) {
        let end = 0;
        for (const area of mappableAreas(info).toSorted((a, b) => a.offset - b.offset)) {
          expect([area.offset % PAGE_SIZE, area.size % PAGE_SIZE]).toEqual([0, 0]);
          expect(area.offset).toBeGreaterThanOrEqual(end);
          end = area.offset + area.size;
        }
        expect(end).toBeLessThanOrEqual(info.size);
      }
    });

    if (rules.offsetIsInDeviceFile) {
      test('[56] regions lie apart in the device file, or are the same one (in process)', async (t) => {
        const { access } = await t.open();
        const infos = (await regionInfos(access)).filter(({ size }) => size > 0);
        for (const a of infos) {
          for (const b of infos) {
            const isSame = a.offset === b.offset && a.size === b.size;
            const overlap = a.offset < b.offset + b.size && b.offset < a.offset + a.size;
            expect([a.index, b.index, overlap && !isSame]).toEqual([a.index, b.index, false]);
          }
        }
      });
    }

    for (const argsz of [0, 15]) {
      test(`[57] GET_IRQ_INFO with argsz ${argsz} is refused`, async (t) => {
        const { access } = await t.open();
        await refused('EINVAL', () => access.getIrqInfo(0, argsz));
      });
    }

    test('[57] GET_IRQ_INFO of an index past the last is refused', async (t) => {
      const { access } = await t.open();
      const { numIrqs } = await access.getInfo();
      await refused('EINVAL', () => access.getIrqInfo(numIrqs));
      await refused('EINVAL', () => access.getIrqInfo(U32_MAX));
    });

    test('[57] interrupt indexes are described, with count 0 where there are none', async (t) => {
      const { access } = await t.open();
      const infos = await irqInfos(access);
      infos.forEach(({ index, count, flags }, i) => {
        expect(index).toBe(i);
        if (count === 0) expect(flags).toBe(0);
      });
      expect(infos.some(({ count }) => count > 0)).toBe(supports.irqs);
    });

    test('[51] as many regions can be mapped as the manifest says', async (t) => {
      const { access } = await t.open();
      const mappable = (await regionInfos(access)).filter((info) => mappableAreas(info).length > 0);
      // A server that has no descriptors to give may say no where the device could.
      if (isInProcess(harness) || !supports.mmap) {
        expect(mappable.length > 0).toBe(supports.mmap);
      }
    });
  });
}

/** Walks a chain by hand: a decoder that forgives would hide a fault. */
function checkChain({ argsz, flags, capOffset, caps }: RegionInfo): void {
  expect((flags & VFIO_REGION_INFO_FLAG_CAPS) !== 0).toBe(capOffset !== 0);
  expect(caps.length).toBe(argsz - REGION_INFO_SIZE);
  const view = new DataView(caps.buffer, caps.byteOffset, caps.length);
  const seen = new Set<number>();
  for (let at = capOffset; at !== 0;) {
    expect(at % 8).toBe(0);
    expect(at).toBeGreaterThanOrEqual(REGION_INFO_SIZE);
    expect(at + CAP_HEADER_SIZE).toBeLessThanOrEqual(argsz);
    expect(seen.has(at)).toBe(false);
    seen.add(at);
    const start = at - REGION_INFO_SIZE;
    const id = view.getUint16(start, true);
    const payload = CAP_PAYLOAD.get(id);
    expect([id, payload !== undefined]).toEqual([id, true]);
    expect(view.getUint16(start + 2, true)).toBe(1);
    const hasAreas = id === VFIO_REGION_INFO_CAP_SPARSE_MMAP;
    const areas = hasAreas ? view.getUint32(start + CAP_HEADER_SIZE, true) : 0;
    expect(at + CAP_HEADER_SIZE + (payload?.(areas) ?? 0)).toBeLessThanOrEqual(argsz);
    at = view.getUint32(start + 4, true);
  }
}
