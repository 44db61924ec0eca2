// REGION_WRITE_MULTI: 0 u64 number of writes, then 24 bytes for each: 0 u64 offset  8 u32 region  12 u32 count
// 16 data, 8 bytes. The reply is the number of writes done.

import { setU64 } from './u64.ts';

/** Bytes before the first write, and of the reply. */
export const WRITE_MULTI_SIZE = 8;
/** Bytes of one write. */
export const MULTI_WRITE_SIZE = 24;
/** Where the data of one write is. */
export const MULTI_WRITE_DATA = 16;

/** One write of up to 8 bytes. */
export interface RegionWrite {
  readonly region: number;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** A whole REGION_WRITE_MULTI payload. */
export function encodeWriteMulti(writes: readonly RegionWrite[]): Uint8Array {
  const payload = new Uint8Array(WRITE_MULTI_SIZE + MULTI_WRITE_SIZE * writes.length);
  const view = new DataView(payload.buffer);
  setU64(view, 0, writes.length);
  for (const [index, { region, offset, data }] of writes.entries()) {
    const at = WRITE_MULTI_SIZE + MULTI_WRITE_SIZE * index;
    setU64(view, at, offset);
    view.setUint32(at + 8, region, true);
    view.setUint32(at + 12, data.length, true);
    payload.set(data, at + MULTI_WRITE_DATA);
  }
  return payload;
}
