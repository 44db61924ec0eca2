// Payloads that several operations of a client have in common.

import { VfioError } from '@vfio-ts/core';
import { HEADER_SIZE } from '../header.ts';
import { REGION_ACCESS_SIZE, encodeRegionAccess } from '../messages/region-access.ts';

/** A part of a transfer that fits one message. */
export interface Piece {
  /** Bytes from the start of the transfer. */
  readonly at: number;
  readonly length: number;
}

/** What one transfer is split into; one piece of nothing for a transfer of nothing. */
export function piecesOf(length: number, max: number): readonly Piece[] {
  const count = Math.max(1, Math.ceil(length / max));
  return Array.from({ length: count }, (_, i) => ({
    at: i * max,
    length: Math.min(max, length - i * max),
  }));
}

/** The payload of a message of which `length` bytes follow the header. */
export function payloadOf(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.subarray(HEADER_SIZE, HEADER_SIZE + length);
}

/** REGION_READ, and REGION_WRITE before its data. @throws `EINVAL` an offset that is none */
export function regionAccess(region: number, offset: number, count: number): Uint8Array {
  if (!(Number.isSafeInteger(offset) && offset >= 0)) {
    throw new VfioError('EINVAL', 'regionAccess', `offset ${offset}`);
  }
  const payload = new Uint8Array(REGION_ACCESS_SIZE);
  encodeRegionAccess(new DataView(payload.buffer), 0, offset, region, count);
  return payload;
}

/** A payload of 32-bit words. */
export function words(...values: readonly number[]): Uint8Array {
  const payload = new Uint8Array(4 * values.length);
  const view = new DataView(payload.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return payload;
}
