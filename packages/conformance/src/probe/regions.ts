// What a user finds out about the regions of a device before it uses them.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  decodeInfoCaps,
  decodeSparseMmapCap,
  REGION_INFO_SIZE,
  VFIO_REGION_INFO_CAP_SPARSE_MMAP,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  type RegionInfo,
  type SparseArea,
  type VfioAccess,
} from '@vfio-ts/core';

/** The description of a region with its whole capability chain. */
export async function regionInfo(access: VfioAccess, index: number): Promise<RegionInfo> {
  const { argsz } = await access.getRegionInfo(index, REGION_INFO_SIZE);
  return access.getRegionInfo(index, argsz);
}

/** The descriptions of all regions, those that are not implemented included. */
export async function regionInfos(access: VfioAccess): Promise<readonly RegionInfo[]> {
  const { numRegions } = await access.getInfo();
  const infos: RegionInfo[] = [];
  for (let index = 0; index < numRegions; index++) {
    infos.push(await regionInfo(access, index));
  }
  return infos;
}

/** Whether the region permits reads. */
export function isReadable({ flags, size }: RegionInfo): boolean {
  return size > 0 && (flags & VFIO_REGION_INFO_FLAG_READ) !== 0;
}

/** Whether the region permits reads of whatever lies in it. */
export function isWholeReadable(info: RegionInfo, { partialRegions = [] }: WithPartial): boolean {
  return isReadable(info) && !partialRegions.includes(info.index);
}

interface WithPartial {
  readonly partialRegions?: readonly number[];
}

/** Whether the region permits writes. */
export function isWritable({ flags, size }: RegionInfo): boolean {
  return size > 0 && (flags & VFIO_REGION_INFO_FLAG_WRITE) !== 0;
}

/** The parts of a region that can be mapped; none where the region cannot be. */
export function mappableAreas(info: RegionInfo): readonly SparseArea[] {
  if ((info.flags & VFIO_REGION_INFO_FLAG_MMAP) === 0) return [];
  const sparse = decodeInfoCaps(info.caps, REGION_INFO_SIZE, info.capOffset).find(
    ({ id }) => id === VFIO_REGION_INFO_CAP_SPARSE_MMAP,
  );
  if (sparse === undefined) return [{ offset: 0, size: info.size }];
  return decodeSparseMmapCap(sparse.payload);
}

/**
 * Reads a part of a region.
 *
 * @throws what the device gives
 */
export async function readBytes(
  access: VfioAccess,
  region: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const into = new Uint8Array(length);
  await access.read(region, offset, into);
  return into;
}

/** Reads a little-endian register of 4 bytes, unsigned. */
export async function read32(access: VfioAccess, region: number, offset: number): Promise<number> {
  const { buffer } = await readBytes(access, region, offset, 4);
  return new DataView(buffer).getUint32(0, true);
}

/** Writes a little-endian register of 4 bytes. */
export async function write32(
  access: VfioAccess,
  region: number,
  offset: number,
  value: number,
): Promise<void> {
  const from = new Uint8Array(4);
  new DataView(from.buffer).setUint32(0, value, true);
  await access.write(region, offset, from);
}

/** Bytes that differ from their neighbours, and from those of another `seed`. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 167) ^ (i >>> 8) ^ seed) & 0xff);
}
