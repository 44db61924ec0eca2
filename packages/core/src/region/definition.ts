// How a driver describes a region, and the checks the description has to pass.

import { hex, isObject } from '../arguments.ts';
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

const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
const U32_MAX = 0xffff_ffff;
/** From here on `index * 2^40` is no exact number. */
const INDEX_LIMIT = 2 ** 13;

/**
 * Checks a definition before anything is set up.
 *
 * @throws `EINVAL` and says what is wrong
 */
export function checkRegionDefinition(index: number, region: RegionDefinition): void {
  const fact = isObject(region) ? wrongWith(index, region) : 'no definition';
  if (fact === undefined) return;
  throw new VfioError('EINVAL', 'setupRegion', `region ${String(index)}: ${fact}`);
}

function wrongWith(index: number, region: RegionDefinition): string | undefined {
  const { size, flags, offset, type } = region;
  if (!isNatural(index) || index > U32_MAX) return 'index is not a natural number';
  if (!isNatural(size) || size === 0) return 'size is not positive';
  if (!isNatural(flags) || flags > FLAGS || flags === 0) {
    return `flags ${hex(flags)} are none or unknown`;
  }
  if (offset === undefined && index >= INDEX_LIMIT) return 'an index this high needs an offset';
  if (offset !== undefined && !isNatural(offset)) return 'offset is not a natural number';
  if (type !== undefined && !(isU32(type.type) && isU32(type.subtype))) {
    return 'type and subtype are not 32-bit numbers';
  }
  return wrongWithMemory(region) ?? wrongWithMapping(region);
}

function wrongWithMemory({ size, memory, memoryOffset = 0 }: RegionDefinition): string | undefined {
  if (!isNatural(memoryOffset)) return 'memory offset is not a natural number';
  if (memoryOffset % PAGE_SIZE !== 0) return 'memory offset is not page aligned';
  if (memory === undefined) return undefined;
  if (!isObject(memory)) return 'memory is no memory';
  return memoryOffset + size > memory.size ? 'memory is too small' : undefined;
}

function wrongWithMapping({ size, flags, memory, sparse }: RegionDefinition): string | undefined {
  if ((flags & VFIO_REGION_INFO_FLAG_MMAP) === 0) {
    return sparse === undefined ? undefined : 'sparse areas but not mappable';
  }
  if (memory === undefined) return 'mappable without memory behind it';
  if (size % PAGE_SIZE !== 0) return 'mappable but no multiple of the page size';
  // A mapping can be read and written, whatever the flags say.
  if ((flags & READ_WRITE) !== READ_WRITE) return 'mappable but not both readable and writable';
  const wrong = sparse?.find((area) => !isInside(area, size));
  if (wrong === undefined) return undefined;
  return `sparse area ${hex(wrong.offset)} is not aligned or leaves the region`;
}

function isInside({ offset, size }: SparseArea, end: number): boolean {
  const aligned = offset % PAGE_SIZE === 0 && size % PAGE_SIZE === 0;
  return aligned && offset >= 0 && size > 0 && offset + size <= end;
}

function isNatural(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isU32(value: unknown): boolean {
  return isNatural(value) && Number(value) <= U32_MAX;
}
