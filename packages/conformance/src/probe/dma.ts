// The device's DMA, from the guest's memory to the driver's callbacks.

import {
  PAGE_SIZE,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  type Leak,
  type SharedMemory,
  type VfioCore,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import type { DmaHooks } from '../device-under-test.ts';
import type { DeviceHarness } from '../harness.ts';
import type { Session } from '../session.ts';

export const READ: number = VFIO_DMA_MAP_FLAG_READ;
export const WRITE: number = VFIO_DMA_MAP_FLAG_WRITE;
export const READ_WRITE: number = READ | WRITE;

/** Where the tests put guest memory; not 0, so that a lost address shows. */
export const BASE = 0x10_0000;

/** The DMA hooks as plain functions; `undefined` for a device without DMA. */
export function dmaOf<T extends object>(harness: DeviceHarness<T>): DmaHooks<T> | undefined {
  const { supports, dma } = harness;
  if (!supports.dma) return undefined;
  if (dma === undefined) throw new TypeError('dma needs its hooks');
  return dma;
}

/** Maps fresh guest memory of some pages at {@link BASE} and a number of pages. */
export async function mapPages(
  session: Session,
  npage: number,
  { at = 0, flags = READ_WRITE }: { readonly at?: number; readonly flags?: number } = {},
): Promise<SharedMemory> {
  const memory = session.memory(npage * PAGE_SIZE);
  const iova = BASE + at * PAGE_SIZE;
  await session.access.mapDma({ iova, size: npage * PAGE_SIZE, flags, memory });
  return memory;
}

/** The pins that are alive. */
export function pinsOf(core: VfioCore): readonly Leak[] {
  return core.leaks().filter(({ kind }) => kind === 'pin');
}

/** A range the driver was told of. */
export interface Told {
  readonly iova: number;
  readonly length: number;
}

/**
 * The same callbacks, noting each `dmaUnmap` and whether the device was open.
 *
 * @param told - where the notes go
 */
export function tellingDmaUnmap<T>(ops: VfioDeviceOps<T>, told: Told[]): VfioDeviceOps<T> {
  return {
    ...ops,
    dmaUnmap(device, iova, length) {
      told.push({ iova, length });
      ops.dmaUnmap?.(device, iova, length);
    },
  };
}
