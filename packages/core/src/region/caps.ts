// Capability chains of the info structures (include/uapi/linux/vfio.h, struct vfio_info_cap_header): id u16, version
// u16, next u32, where next counts from the start of the info structure.

import type { SparseArea, RegionType } from './definition.ts';
import {
  VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
  VFIO_REGION_INFO_CAP_SPARSE_MMAP,
  VFIO_REGION_INFO_CAP_TYPE,
} from '../uapi.ts';

/** Bytes of `struct vfio_region_info` without capabilities. */
export const REGION_INFO_SIZE = 32;

const HEADER = 8;

/** One capability of an info structure. */
export interface InfoCap {
  readonly id: number;
  readonly version: number;
  /** What follows the 8-byte header; a multiple of 8 bytes. */
  readonly payload: Uint8Array;
}

/**
 * Lays capabilities out one after the other.
 *
 * @param caps - in the order they will be found
 * @param base - size of the info structure they follow, bytes
 */
export function encodeInfoCaps(caps: readonly InfoCap[], base: number): Uint8Array {
  const bytes = new Uint8Array(caps.reduce((sum, cap) => sum + HEADER + cap.payload.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { id, version, payload } of caps) {
    const end = at + HEADER + payload.length;
    view.setUint16(at, id, true);
    view.setUint16(at + 2, version, true);
    view.setUint32(at + 4, end < bytes.length ? base + end : 0, true);
    bytes.set(payload, at + HEADER);
    at = end;
  }
  return bytes;
}

/**
 * Reads a capability chain, as a client gets it.
 *
 * @param caps - the bytes after the info structure
 * @param base - size of the info structure, bytes
 * @param first - `cap_offset`; 0 gives no capability
 * @returns the capabilities; a chain that leaves the bytes or loops ends there
 */
export function decodeInfoCaps(caps: Uint8Array, base: number, first: number): InfoCap[] {
  const view = new DataView(caps.buffer, caps.byteOffset, caps.length);
  const starts: number[] = [];
  let next = first;
  while (next >= base && next - base + HEADER <= caps.length && !starts.includes(next - base)) {
    starts.push(next - base);
    next = view.getUint32(next - base + 4, true);
  }
  const ordered = [...starts].toSorted((a, b) => a - b);
  return starts.map((at) => {
    const end = ordered.find((other) => other > at) ?? caps.length;
    return {
      id: view.getUint16(at, true),
      version: view.getUint16(at + 2, true),
      payload: caps.slice(at + HEADER, end),
    };
  });
}

/** `VFIO_REGION_INFO_CAP_SPARSE_MMAP`: the only parts that can be mapped. */
export function sparseMmapCap(areas: readonly SparseArea[]): InfoCap {
  const payload = new Uint8Array(8 + 16 * areas.length);
  const view = new DataView(payload.buffer);
  view.setUint32(0, areas.length, true);
  areas.forEach(({ offset, size }, i) => {
    view.setBigUint64(8 + 16 * i, BigInt(offset), true);
    view.setBigUint64(16 + 16 * i, BigInt(size), true);
  });
  return { id: VFIO_REGION_INFO_CAP_SPARSE_MMAP, version: 1, payload };
}

/** Reads what `sparseMmapCap` wrote; areas the payload has no room for are left out. */
export function decodeSparseMmapCap(payload: Uint8Array): SparseArea[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (payload.length < 8) return [];
  const count = Math.min(view.getUint32(0, true), Math.floor((payload.length - 8) / 16));
  return Array.from({ length: count }, (_, i) => ({
    offset: Number(view.getBigUint64(8 + 16 * i, true)),
    size: Number(view.getBigUint64(16 + 16 * i, true)),
  }));
}

/** `VFIO_REGION_INFO_CAP_TYPE`: what a device-specific region is. */
export function typeCap({ type, subtype }: RegionType): InfoCap {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, subtype, true);
  return { id: VFIO_REGION_INFO_CAP_TYPE, version: 1, payload };
}

/** `VFIO_REGION_INFO_CAP_MSIX_MAPPABLE`: the MSI-X table may be mapped with the rest. */
export function msixMappableCap(): InfoCap {
  return { id: VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, version: 1, payload: new Uint8Array(0) };
}
