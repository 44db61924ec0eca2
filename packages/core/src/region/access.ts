// Reads and writes of a region: bounds and direction here, bytes from the memory behind it or from the driver.

import { hex } from '../arguments.ts';
import { VfioError } from '../errno.ts';
import { VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE } from '../uapi.ts';
import { isMappable, type Region } from './table.ts';

function refuse(op: string, region: Region, fact: string): never {
  throw new VfioError('EINVAL', op, `region ${region.index}: ${fact}`);
}

/**
 * Checks one access before it has an effect.
 *
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
    refuse(op, region, `${hex(offset)}+${hex(count)} is past the end ${hex(region.size)}`);
  }
}

/**
 * Reads from the memory behind a region.
 *
 * @returns `false` the driver has to be asked
 * @throws `EFAULT` the memory has been closed
 */
export function readMemory(region: Region, offset: number, into: Uint8Array): boolean {
  const bytes = memoryOf('read', region, offset, into.length);
  if (bytes === undefined) return false;
  const at = region.memoryOffset + offset;
  if (into.length > FEW_BYTES) into.set(bytes.subarray(at, at + into.length));
  else for (let i = 0; i < into.length; i++) into[i] = bytes[at + i] ?? 0;
  return true;
}

/** Opposite direction of {@link readMemory}. */
export function writeMemory(region: Region, offset: number, from: Uint8Array): boolean {
  const bytes = memoryOf('write', region, offset, from.length);
  bytes?.set(from, region.memoryOffset + offset);
  return bytes !== undefined;
}

/** Up to here a copy by hand is cheaper than the view it saves. */
const FEW_BYTES = 32;

function memoryOf(
  op: 'read' | 'write',
  region: Region,
  offset: number,
  count: number,
): Uint8Array | undefined {
  const { memory, sparse } = region;
  if (memory === undefined) return undefined;
  if (sparse !== undefined && !isMappable(region, offset, count)) return undefined;
  const { bytes } = memory;
  if (region.memoryOffset + offset + count > bytes.length) {
    throw new VfioError('EFAULT', op, `region ${region.index}: its memory has been closed`);
  }
  return bytes;
}
