// The data of the features core handles, as vfio-user carries it (DEVICE_FEATURE): little endian, without
// pointers, ranges and bitmaps inline. Addresses come out as bigint, so that overflow is told from misfit.

import { VfioError } from '../errno.ts';
import type { LogRange } from '../ops.ts';

/** Bytes of `MIGRATION` and `MIG_DATA_SIZE`. */
export const U64_SIZE = 8;
/** Bytes of `MIG_DEVICE_STATE`. */
export const MIG_STATE_SIZE = 8;
/** Bytes of `DMA_LOGGING_START` before the ranges. */
export const LOGGING_CONTROL_SIZE = 16;
/** Bytes of each range of `DMA_LOGGING_START`. */
export const LOGGING_RANGE_SIZE = 16;
/** Bytes of `DMA_LOGGING_REPORT` before the bitmap. */
export const LOGGING_REPORT_SIZE = 24;

/** A range as it stands in a message, not checked. */
export interface WireRange {
  readonly iova: bigint;
  readonly length: bigint;
}

/** `struct vfio_device_feature_mig_state`. */
export interface MigStateData {
  /** `VFIO_DEVICE_STATE_*`, not checked. */
  readonly deviceState: number;
  /** -1 = none; vfio-user carries the stream in messages of its own. */
  readonly dataFd: number;
}

/** `struct vfio_device_feature_dma_logging_control` up to the ranges. */
export interface LoggingControl {
  /** Bytes for each bit of a report, not checked. */
  readonly pageSize: bigint;
  readonly numRanges: number;
}

/** `struct vfio_device_feature_dma_logging_report` up to the bitmap. */
export interface LoggingReport extends WireRange {
  /** Bytes for each bit, not checked. */
  readonly pageSize: bigint;
}

/** A range and page size to report on. */
export interface ReportRequest extends LogRange {
  /** Bytes for each bit, a power of two of 4096 at least. */
  readonly pageSize: number;
}

/** @throws `EINVAL` not a whole number from 0 to 2^53 - 1 */
export function encodeU64(value: number): Uint8Array {
  const data = new Uint8Array(U64_SIZE);
  putU64(viewOf(data, U64_SIZE), 0, value);
  return data;
}

/** @throws `EINVAL` fewer than 8 bytes, 2^53 or more */
export function decodeU64(data: Uint8Array): number {
  const value = Number(viewOf(data, U64_SIZE).getBigUint64(0, true));
  if (Number.isSafeInteger(value)) return value;
  throw new VfioError('EINVAL', 'feature', `0x${value.toString(16)} does not fit`);
}

/** Encodes `MIG_DEVICE_STATE`. */
export function encodeMigState(state: MigStateData): Uint8Array {
  const data = new Uint8Array(MIG_STATE_SIZE);
  const view = viewOf(data, MIG_STATE_SIZE);
  view.setUint32(0, state.deviceState, true);
  view.setInt32(4, state.dataFd, true);
  return data;
}

/** @throws `EINVAL` fewer than 8 bytes */
export function decodeMigState(data: Uint8Array): MigStateData {
  const view = viewOf(data, MIG_STATE_SIZE);
  return { deviceState: view.getUint32(0, true), dataFd: view.getInt32(4, true) };
}

/**
 * Encodes `DMA_LOGGING_START` with its ranges.
 *
 * @throws `EINVAL` a number that is not whole or negative
 */
export function encodeLoggingStart(pageSize: number, ranges: readonly LogRange[]): Uint8Array {
  const size = LOGGING_CONTROL_SIZE + ranges.length * LOGGING_RANGE_SIZE;
  const data = new Uint8Array(size);
  const view = viewOf(data, size);
  putU64(view, 0, pageSize);
  view.setUint32(8, ranges.length, true);
  ranges.forEach(({ iova, length }, index) => {
    const at = LOGGING_CONTROL_SIZE + index * LOGGING_RANGE_SIZE;
    putU64(view, at, iova);
    putU64(view, at + 8, length);
  });
  return data;
}

/** @throws `EINVAL` fewer than 16 bytes */
export function decodeLoggingControl(data: Uint8Array): LoggingControl {
  const view = viewOf(data, LOGGING_CONTROL_SIZE);
  return { pageSize: view.getBigUint64(0, true), numRanges: view.getUint32(8, true) };
}

/** @throws `EINVAL` fewer bytes than `numRanges` ranges take */
export function decodeLoggingRanges(data: Uint8Array, numRanges: number): readonly WireRange[] {
  const view = viewOf(data, LOGGING_CONTROL_SIZE + numRanges * LOGGING_RANGE_SIZE);
  return Array.from({ length: numRanges }, (_, index) =>
    rangeAt(view, LOGGING_CONTROL_SIZE + index * LOGGING_RANGE_SIZE),
  );
}

/** The same `DMA_LOGGING_START` with the page size really used. */
export function withPageSize(data: Uint8Array, pageSize: number): Uint8Array {
  const copy = data.slice();
  putU64(viewOf(copy, LOGGING_CONTROL_SIZE), 0, pageSize);
  return copy;
}

/**
 * Encodes `DMA_LOGGING_REPORT`: the request, or with a bitmap the reply.
 *
 * @throws `EINVAL` a number that is not whole or negative
 */
export function encodeLoggingReport(
  { iova, length, pageSize }: ReportRequest,
  bitmap: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const data = new Uint8Array(LOGGING_REPORT_SIZE + bitmap.length);
  const view = viewOf(data, LOGGING_REPORT_SIZE);
  putU64(view, 0, iova);
  putU64(view, 8, length);
  putU64(view, 16, pageSize);
  data.set(bitmap, LOGGING_REPORT_SIZE);
  return data;
}

/** @throws `EINVAL` fewer than 24 bytes */
export function decodeLoggingReport(data: Uint8Array): LoggingReport {
  const view = viewOf(data, LOGGING_REPORT_SIZE);
  return { ...rangeAt(view, 0), pageSize: view.getBigUint64(16, true) };
}

function rangeAt(view: DataView, at: number): WireRange {
  return { iova: view.getBigUint64(at, true), length: view.getBigUint64(at + 8, true) };
}

function putU64(view: DataView, at: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new VfioError('EINVAL', 'feature', `${value} is no 64-bit quantity`);
  }
  view.setBigUint64(at, BigInt(value), true);
}

function viewOf(data: Uint8Array, size: number): DataView {
  if (data.length < size) {
    throw new VfioError('EINVAL', 'feature', `data ends at ${data.length} of ${size} bytes`);
  }
  return new DataView(data.buffer, data.byteOffset, data.length);
}
