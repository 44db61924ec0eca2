// DMA_READ and DMA_WRITE, which a server sends to its client: 0 u64 address  8 u64 count  16 data. Replies start
// with the same 16 bytes.

import { getU64Rounded, setU64 } from './u64.ts';

/** Bytes of payload beside the data, in either layout. */
export const DMA_ACCESS_SIZE = 16;

/**
 * How a peer lays these messages out. Early releases of QEMU have a count of 32 bits and the data right behind it,
 * at 12; their messages are four bytes longer than that takes, and their reply to DMA_WRITE has no payload.
 */
export type DmaLayout = 'specified' | 'qemu';

/**
 * A count that tells the two apart: it is none at all where 32 bits are looked at, and more than anybody takes
 * (`E2BIG`) elsewhere. Nothing is accessed either way.
 */
export const PROBE_COUNT: number = 2 ** 32;

/** Where the data starts in the payload. */
export function dmaDataAt(layout: DmaLayout): number {
  return layout === 'qemu' ? 12 : DMA_ACCESS_SIZE;
}

/**
 * Writes address, count and data at `at`; the payload has `DMA_ACCESS_SIZE` bytes and those of `data`.
 *
 * @param count - bytes that are asked for, or the length of `data`
 */
export function encodeDmaAccess(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  access: { readonly address: number; readonly count: number; readonly data?: Uint8Array },
  layout: DmaLayout,
): void {
  const { address, count, data } = access;
  setU64(view, at, address);
  setU64(view, at + 8, count);
  if (data === undefined) return;
  const end = at + DMA_ACCESS_SIZE + data.length;
  // What is behind the data is of no meaning, but what was sent before stays unsaid.
  bytes.fill(0, end - 4, end);
  bytes.set(data, at + dmaDataAt(layout));
}

/** Tells whether the payload at `at` repeats an address and a count. */
export function echoesDmaAccess(
  view: DataView,
  at: number,
  { address, count }: { readonly address: number; readonly count: number },
  layout: DmaLayout,
): boolean {
  if (getU64Rounded(view, at) !== address || view.getUint32(at + 8, true) !== count) return false;
  return layout === 'qemu' || view.getUint32(at + 12, true) === 0;
}
