// Requests of DMA logging that no encoder would make, and the bits of an answer.

import {
  PAGE_SIZE,
  reportDmaLogging,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_SET,
  type VfioAccess,
} from '@vfio-ts/core';
import { BASE } from './dma.ts';

/** `SET` of `DMA_LOGGING_START`. */
export const START: number = VFIO_DEVICE_FEATURE_DMA_LOGGING_START | VFIO_DEVICE_FEATURE_SET;
/** `GET` of `DMA_LOGGING_REPORT`. */
export const REPORT: number = VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT | VFIO_DEVICE_FEATURE_GET;

/** A range as it stands in a message. */
export type RawRange = readonly [iova: bigint, length: bigint];

/** The data of `DMA_LOGGING_START`, whatever its numbers. */
export function rawStart(
  pageSize: bigint,
  ranges: readonly RawRange[],
  numRanges: number = ranges.length,
): Uint8Array {
  const data = new Uint8Array(16 + 16 * ranges.length);
  const view = new DataView(data.buffer);
  view.setBigUint64(0, pageSize, true);
  view.setUint32(8, numRanges, true);
  ranges.forEach(([iova, length], i) => {
    view.setBigUint64(16 + 16 * i, iova, true);
    view.setBigUint64(24 + 16 * i, length, true);
  });
  return data;
}

/** The data of `DMA_LOGGING_REPORT`, whatever its numbers. */
export function rawReport(pageSize: bigint, [iova, length]: RawRange): Uint8Array {
  const data = new Uint8Array(24);
  const view = new DataView(data.buffer);
  view.setBigUint64(0, iova, true);
  view.setBigUint64(8, length, true);
  view.setBigUint64(16, pageSize, true);
  return data;
}

/** Which pages from {@link BASE} on a report names, lowest first; bits past the range are kept. */
export async function reportedPages(
  access: VfioAccess,
  { from = 0, npage, pageSize = PAGE_SIZE }: ReportedRange,
): Promise<readonly number[]> {
  const iova = BASE + from * PAGE_SIZE;
  const bitmap = await reportDmaLogging(access, { iova, length: npage * PAGE_SIZE, pageSize });
  return Array.from({ length: bitmap.length * 8 }, (_, bit) => bit).filter(
    (bit) => ((bitmap[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0,
  );
}

/** A range of whole pages that begins at {@link BASE} or later. */
export interface ReportedRange {
  /** Pages from {@link BASE}. */
  readonly from?: number;
  readonly npage: number;
  /** Bytes for each bit. */
  readonly pageSize?: number;
}
