// REGION_READ and REGION_WRITE: 0 u64 offset  8 u32 region  12 u32 count  16 data. The reply starts with the
// same 16 bytes.

import { setU64 } from './u64.ts';

/** Bytes before the data. */
export const REGION_ACCESS_SIZE = 16;

/** Writes the part before the data. */
export function encodeRegionAccess(
  view: DataView,
  at: number,
  offset: number,
  region: number,
  count: number,
): void {
  setU64(view, at, offset);
  view.setUint32(at + 8, region, true);
  view.setUint32(at + 12, count, true);
}
