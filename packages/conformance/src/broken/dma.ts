// Faults of DMA and pins.

import { isErrno, PAGE_SIZE, unpinPages } from '@vfio-ts/core';
import type { DmaHooks } from '../device-under-test.ts';
import { referenceOps, type ReferenceDevice } from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

const good: DmaHooks<ReferenceDevice> = {
  read: ({ dma }, iova, into) => dma.read(iova, into),
  write: ({ dma }, iova, from) => dma.write(iova, from),
  pin: ({ dma }, iova, npage, prot) => dma.pin(iova, npage, prot),
  unpin: ({ dma }, iova, npage) => dma.unpin(iova, npage),
};

/** What each device has read, by address. */
const copies = new WeakMap<ReferenceDevice, Map<number, Uint8Array>>();

/** Drivers that get guest memory wrong. */
export const BROKEN_DMAS: readonly BrokenDriver[] = [
  brokenHarness(
    'goes on with a copy of memory that has been unmapped',
    {
      dma: {
        ...good,
        read(device, iova, into) {
          const known = copies.getOrInsertComputed(device, () => new Map());
          try {
            good.read(device, iova, into);
            known.set(iova, into.slice());
          } catch (error) {
            const copy = known.get(iova);
            if (copy === undefined || !isErrno(error, 'EINVAL')) throw error;
            into.set(copy.subarray(0, into.length));
          }
        },
      },
    },
    { caughtBy: [88] },
  ),
  brokenHarness(
    'hides that a write to guest memory failed',
    {
      dma: {
        ...good,
        write(device, iova, from) {
          try {
            good.write(device, iova, from);
          } catch {
            // Lost.
          }
        },
      },
    },
    { caughtBy: [88, 94], alsoFails: [106] },
  ),
  brokenHarness(
    'writes page by page, so that a refused write is done in part',
    {
      dma: {
        ...good,
        write(device, iova, from) {
          const first = Math.min(PAGE_SIZE - (iova % PAGE_SIZE), from.length);
          good.write(device, iova, from.subarray(0, first));
          for (let at = first; at < from.length; at += PAGE_SIZE) {
            good.write(device, iova + at, from.subarray(at, at + PAGE_SIZE));
          }
        },
      },
    },
    { caughtBy: [94], alsoFails: [106] },
  ),
  brokenHarness(
    'writes one byte too far into guest memory',
    {
      dma: {
        ...good,
        write: (device, iova, from) => good.write(device, iova, Uint8Array.of(...from, 0xff)),
      },
    },
    { caughtBy: [88], alsoFails: [94, 106] },
  ),
  brokenOps(
    'ignores dma_unmap',
    { dmaUnmap: () => {} },
    { caughtBy: [91], alsoFails: [92], leaves: 'any' },
  ),
  brokenOps(
    'gives back all its pins when any range is unmapped',
    { dmaUnmap: ({ dma }) => dma.stop() },
    { caughtBy: [92] },
  ),
  brokenOps(
    'leaves pins after close',
    {
      closeDevice(device) {
        device.adapter.sharedOpen.delete(device);
      },
    },
    { caughtBy: [93], leaves: 'any' },
  ),
  brokenHarness(
    'unpins a page once more than it pinned it',
    {
      dma: {
        ...good,
        unpin(device, iova, npage) {
          good.unpin(device, iova, npage);
          unpinPages(device.vdev, iova, npage);
        },
      },
    },
    { caughtBy: [90] },
  ),
  brokenHarness(
    'keeps the first pages of a pin that failed',
    {
      dma: {
        ...good,
        pin(device, iova, npage, prot) {
          if (npage !== 2) return good.pin(device, iova, npage, prot);
          const [first = new Uint8Array(0)] = good.pin(device, iova, 1, prot);
          return [first, ...good.pin(device, iova + PAGE_SIZE, 1, prot)];
        },
      },
    },
    { caughtBy: [89] },
  ),
  brokenOps(
    'throws when memory is taken away',
    {
      dmaUnmap(device, iova, length) {
        referenceOps.dmaUnmap?.(device, iova, length);
        throw new TypeError('the engine is busy');
      },
    },
    { caughtBy: [91], alsoFails: [92], leaves: 'any' },
  ),
];
