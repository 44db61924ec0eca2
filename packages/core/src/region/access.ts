// Reads and writes of a region: bounds and direction here, bytes from the memory behind it or from the driver.

import { VfioError } from '../errno.ts';
import { VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE } from '../uapi.ts';
import { isMappable, type Region } from './table.ts';

function refuse(op: string, region: Region, fact: string): never {
  throw new VfioError('EINVAL', op, `region ${region.index}: ${fact}`);
}

/**
 * Checks one access before it has an effect.
 *
 * @param need - `VFIO_REGION_INFO_FLAG_READ` or `_WRITE`
 * @throws `EINVAL` wrong direction, or not wholly inside the region
 */
export function checkRegionAccess(
  op: 'read' | 'write',
  region: Region,
  offset: number,
  count: number,
): void {
  const need = op === 'read' ? VFIO_REGION_INFO_FLAG_READ : VFIO_REGION_INFO_FLAG_WRITE;
  if ((region.flags & need) === 0) refuse(op, region, `no ${op} access`);
  // Written so that NaN and values past 2^53 fail too.
  if (!(offset >= 0 && offset <= region.size - count && Number.isSafeInteger(offset))) {
    const range = `0x${offset.toString(16)}+0x${count.toString(16)}`;
    refuse(op, region, `${range} is past the end 0x${region.size.toString(16)}`);
  }
}

/** The memory behind an access, if memory alone serves it; the driver is asked otherwise. */
export function accessMemory(
  region: Region,
  offset: number,
  count: number,
): Uint8Array | undefined {
  const { memory, sparse } = region;
  if (memory === undefined) return undefined;
  if (sparse !== undefined && !isMappable(region, offset, count)) return undefined;
  const at = region.memoryOffset + offset;
  return memory.bytes.subarray(at, at + count);
}
