// What a space-efficient volume tells of its space, in answer to two suborders of Read Subsystem Data. Linux
// drivers/s390/block/dasd_eckd.h, `struct dasd_rssd_vsq`, `struct dasd_rssd_lcq`.

import { viewOf } from '../architecture/bytes.ts';
import type { Unit } from './unit.ts';

/** The one extent pool. */
const POOL = 1;

const VOLUME_STORAGE_SIZE = 28;
const EXTENT_SPACE_EFFICIENT = 0x20;

/**
 * Volume storage query (52), 28 bytes. An image has room for each of its tracks, whatever is on it: all cylinders are
 * told as allocated.
 */
export function volumeStorage({ geometry: { cylinders } }: Unit): Uint8Array {
  const bytes = new Uint8Array(VOLUME_STORAGE_SIZE);
  const view = viewOf(bytes);
  bytes[0] = EXTENT_SPACE_EFFICIENT;
  view.setUint16(2, POOL);
  // Cylinders that are allocated, configured, and on the volume.
  for (const at of [16, 20, 24]) view.setUint32(at, cylinders);
  return bytes;
}

const HEADER_SIZE = 32;
const POOL_SIZE = 8;

/** Header: the pools' details are valid. */
const POOL_INFORMATION_VALID = 0x80;

/** A pool of CKD volumes, extent space-efficient, whose extents have the size below. */
const POOL_FLAGS = 0x28;

/** Extents of 21 cylinders, the smaller of two sizes. */
const SMALL_EXTENTS = 0x01;

/** Logical configuration query (53), 40 bytes: one extent pool. */
export function extentPools(): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + POOL_SIZE);
  const view = viewOf(bytes);
  view.setUint16(0, bytes.length);
  view.setUint16(2, 1);
  bytes[4] = POOL_INFORMATION_VALID;
  view.setUint16(HEADER_SIZE, POOL);
  bytes[HEADER_SIZE + 4] = POOL_FLAGS;
  bytes[HEADER_SIZE + 6] = SMALL_EXTENTS;
  return bytes;
}
