// How a driver describes a region, and the checks the description has to pass.

import { VfioError } from '../errno.ts';
import type { SharedMemory } from '../host.ts';
import {
  PAGE_SIZE,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
} from '../uapi.ts';

/** A part of a region that can be mapped, bytes from the start of the region. */
export interface SparseArea {
  readonly offset: number;
  readonly size: number;
}

/** What a device-specific region is, `VFIO_REGION_TYPE_*` and subtype. */
export interface RegionType {
  readonly type: number;
  readonly subtype: number;
}

/** A region as the driver sets it up. */
export interface RegionDefinition {
  /** Bytes. */
  readonly size: number;
  /** `VFIO_REGION_INFO_FLAG_READ`, `_WRITE`, `_MMAP`. */
  readonly flags: number;
  /** Where it starts in the device's file; `index * 2^40` when left out. */
  readonly offset?: number;
  /**
   * Memory behind the region. Core reads and writes it without asking the driver, except outside the
   * sparse areas, and closes it after `release`.
   */
  readonly memory?: SharedMemory;
  /** Where in `memory` the region starts, bytes. */
  readonly memoryOffset?: number;
  /** The parts that can be mapped; the whole region when left out. */
  readonly sparse?: readonly SparseArea[];
  /** For device-specific regions. */
  readonly type?: RegionType;
  /** The MSI-X table in this region may be mapped too. */
  readonly msixMappable?: boolean;
}

const FLAGS = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE | VFIO_REGION_INFO_FLAG_MMAP;

/**
 * Checks a definition before anything is set up.
 *
 * @throws `EINVAL` and says what is wrong
 */
export function checkRegionDefinition(index: number, region: RegionDefinition): void {
  const refuse = (fact: string): never => {
    throw new VfioError('EINVAL', 'setupRegion', `region ${index}: ${fact}`);
  };
  if (!Number.isSafeInteger(index) || index < 0) refuse('index is not a natural number');
  if (!Number.isSafeInteger(region.size) || region.size <= 0) refuse('size is not positive');
  if ((region.flags & ~FLAGS) !== 0 || region.flags === 0) {
    refuse(`flags 0x${region.flags.toString(16)} are none or unknown`);
  }
  const mmap = (region.flags & VFIO_REGION_INFO_FLAG_MMAP) !== 0;
  if (mmap && region.memory === undefined) refuse('mappable without memory behind it');
  if (mmap && region.size % PAGE_SIZE !== 0) refuse('mappable but no multiple of the page size');
  const end = (region.memoryOffset ?? 0) + region.size;
  if (region.memory !== undefined && end > region.memory.size) refuse('memory is too small');
  if ((region.memoryOffset ?? 0) % PAGE_SIZE !== 0) refuse('memory offset is not page aligned');
  if (region.sparse !== undefined && !mmap) refuse('sparse areas but not mappable');
  for (const area of region.sparse ?? []) {
    const aligned = area.offset % PAGE_SIZE === 0 && area.size % PAGE_SIZE === 0;
    if (!aligned || area.offset < 0 || area.size <= 0 || area.offset + area.size > region.size) {
      refuse(`sparse area 0x${area.offset.toString(16)} is not aligned or leaves the region`);
    }
  }
}
