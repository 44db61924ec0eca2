// Indirect-data-address words: each names a block of storage, the first one perhaps not from its start. Principles of
// Operation, chapter 15, "Indirect Data Addressing".

import { structureView, viewOf } from './bytes.ts';
import { ORB_2K_IDAW_CONTROL, ORB_FORMAT_2_IDAW_CONTROL } from './orb.ts';

/** How the IDAWs of a program are. */
export interface IdawFormat {
  /** Bytes of one IDAW: 4 in format 1, 8 in format 2. */
  readonly size: 4 | 8;
  /** Bytes of storage that one covers. */
  readonly block: 2048 | 4096;
}

/** 31-bit addresses of 2 KiB blocks. */
export const IDAW_FORMAT_1: IdawFormat = { size: 4, block: 2048 };
/** 64-bit addresses of 4 KiB blocks. */
export const IDAW_FORMAT_2: IdawFormat = { size: 8, block: 4096 };
/** 64-bit addresses of 2 KiB blocks. */
export const IDAW_FORMAT_2_2K: IdawFormat = { size: 8, block: 2048 };

/** The format an ORB asks for by its `control`. */
export function idawFormat(control: number): IdawFormat {
  if ((control & ORB_FORMAT_2_IDAW_CONTROL) === 0) return IDAW_FORMAT_1;
  return (control & ORB_2K_IDAW_CONTROL) === 0 ? IDAW_FORMAT_2 : IDAW_FORMAT_2_2K;
}

/** IDAWs that `count` bytes from `address` need; no bytes need as many as one. */
export function idawCount(address: number, count: number, { block }: IdawFormat): number {
  return Math.ceil(((address % block) + Math.max(count, 1)) / block);
}

/**
 * The IDAWs at the start of `bytes`. Addresses that are no exact number are given as `Infinity`: nothing is there.
 *
 * @throws `EINVAL` fewer bytes than `count` IDAWs have
 */
export function decodeIdaws(bytes: Uint8Array, count: number, { size }: IdawFormat): number[] {
  const view = structureView('Idaws', bytes, count * size);
  return Array.from({ length: count }, (_, i) => {
    if (size === 4) return view.getUint32(i * size);
    const address = Number(view.getBigUint64(i * size));
    return Number.isSafeInteger(address) ? address : Infinity;
  });
}

/** Opposite of {@link decodeIdaws}. */
export function encodeIdaws(idaws: readonly number[], { size }: IdawFormat): Uint8Array {
  const bytes = new Uint8Array(idaws.length * size);
  const view = viewOf(bytes);
  idaws.forEach((address, i) => {
    if (size === 4) view.setUint32(i * size, address);
    else view.setBigUint64(i * size, BigInt(address));
  });
  return bytes;
}
