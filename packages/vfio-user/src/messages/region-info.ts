// DEVICE_GET_REGION_INFO: the kernel's structure, then the capability chain.
//
//   0 argsz  4 flags  8 index  12 cap_offset  16 u64 size  24 u64 offset  32 capabilities

import { REGION_INFO_SIZE, type RegionInfo } from '@vfio-ts/core';
import { getU64, setU64 } from './u64.ts';

/** Writes a reply to DEVICE_GET_REGION_INFO, its chain as far as it was given. @returns bytes */
export function encodeRegionInfo(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  info: RegionInfo,
): number {
  view.setUint32(at, info.argsz, true);
  view.setUint32(at + 4, info.flags, true);
  view.setUint32(at + 8, info.index, true);
  view.setUint32(at + 12, info.capOffset, true);
  setU64(view, at + 16, info.size);
  setU64(view, at + 24, info.offset);
  if (info.capOffset === 0) return REGION_INFO_SIZE;
  bytes.set(info.caps, at + REGION_INFO_SIZE);
  return REGION_INFO_SIZE + info.caps.length;
}

/**
 * Opposite of {@link encodeRegionInfo}.
 *
 * @param length - bytes of the reply's payload
 * @throws `EINVAL` a 64-bit field that does not fit
 */
export function decodeRegionInfo(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
): RegionInfo {
  const capOffset = view.getUint32(at + 12, true);
  const hasCaps = capOffset >= REGION_INFO_SIZE && capOffset < length;
  return {
    argsz: view.getUint32(at, true),
    flags: view.getUint32(at + 4, true),
    index: view.getUint32(at + 8, true),
    capOffset: hasCaps ? capOffset : 0,
    size: getU64(view, at + 16),
    offset: getU64(view, at + 24),
    caps: hasCaps ? bytes.slice(at + REGION_INFO_SIZE, at + length) : new Uint8Array(0),
  };
}
