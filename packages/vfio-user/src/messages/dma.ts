// DMA_MAP and DMA_UNMAP.
//
//   map:    0 argsz  4 flags  8 u64 offset in the descriptor  16 u64 address  24 u64 size
//   unmap:  0 argsz  4 flags  8 u64 address  16 u64 size;  with GET_DIRTY_BITMAP 24 u64 pgsize  32 u64 bytes  40 bitmap

import { setU64 } from './u64.ts';

/** Bytes of a DMA_MAP. */
export const DMA_MAP_SIZE = 32;
/** Bytes of a DMA_UNMAP, the bitmap not included. */
export const DMA_UNMAP_SIZE = 24;
/** Bytes of the head of a dirty bitmap. */
export const DIRTY_BITMAP_SIZE = 16;

/** Fields of a DMA_MAP to send. */
export interface DmaMapFields {
  readonly flags: number;
  readonly offset: number;
  readonly iova: number;
  readonly size: number;
}

/** A whole DMA_MAP payload. */
export function encodeDmaMap(fields: DmaMapFields): Uint8Array {
  const payload = new Uint8Array(DMA_MAP_SIZE);
  const view = new DataView(payload.buffer);
  view.setUint32(0, DMA_MAP_SIZE, true);
  view.setUint32(4, fields.flags, true);
  setU64(view, 8, fields.offset);
  setU64(view, 16, fields.iova);
  setU64(view, 24, fields.size);
  return payload;
}

/** Fields of a DMA_UNMAP to send. */
export interface DmaUnmapFields {
  readonly flags: number;
  readonly iova: number;
  readonly size: number;
  /** With `GET_DIRTY_BITMAP`: bytes for each bit. */
  readonly pageSize?: number;
}

/** A whole DMA_UNMAP payload; with a page size it asks for the dirty bitmap. */
export function encodeDmaUnmap(fields: DmaUnmapFields): Uint8Array {
  const { pageSize } = fields;
  const bitmapSize = pageSize === undefined ? 0 : dirtyBitmapSize(fields.size, pageSize);
  const head = pageSize === undefined ? DMA_UNMAP_SIZE : DMA_UNMAP_SIZE + DIRTY_BITMAP_SIZE;
  const payload = new Uint8Array(head);
  const view = new DataView(payload.buffer);
  view.setUint32(0, head + bitmapSize, true);
  view.setUint32(4, fields.flags, true);
  setU64(view, 8, fields.iova);
  setU64(view, 16, fields.size);
  if (pageSize !== undefined) {
    setU64(view, 24, pageSize);
    setU64(view, 32, bitmapSize);
  }
  return payload;
}

/** Bytes of the bitmap of a range: one bit a page, in whole u64. */
export function dirtyBitmapSize(size: number, pageSize: number): number {
  return Math.ceil(Math.ceil(size / pageSize) / 64) * 8;
}
