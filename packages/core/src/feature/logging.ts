// DMA_LOGGING_START, DMA_LOGGING_STOP and DMA_LOGGING_REPORT.

import { IOVA_LIMIT } from '../access.ts';
import { IovaBitmap } from '../dma/iova-bitmap.ts';
import { VfioError } from '../errno.ts';
import type { LogRange, VfioLogOps } from '../ops.ts';
import { PAGE_SIZE, VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_SET } from '../uapi.ts';
import { checkFeature } from './check.ts';
import {
  decodeLoggingControl,
  decodeLoggingRanges,
  decodeLoggingReport,
  encodeLoggingReport,
  LOGGING_CONTROL_SIZE,
  LOGGING_RANGE_SIZE,
  LOGGING_REPORT_SIZE,
  withPageSize,
  type WireRange,
} from './layouts.ts';
import type { CheckedRequest, FeatureOptions, FeatureTarget } from './target.ts';

/** Ranges one start can name (`LOG_MAX_RANGES`). */
const MAX_RANGES = PAGE_SIZE / LOGGING_RANGE_SIZE;
const U64_MAX = 2n ** 64n - 1n;
const EVERYTHING: LogRange = { iova: 0, length: IOVA_LIMIT };

/**
 * Counterpart of `vfio_ioctl_device_feature_logging_start()`.
 *
 * @returns the request with the page size really used
 * @throws `ENOTTY` no logging; `E2BIG` more than 256 ranges; `EOVERFLOW` a range past 2^64; `EINVAL` none,
 * unaligned, empty, beyond `IOVA_LIMIT`, overlapping; `EIO` the driver gave no page size; what the driver throws
 */
export function featureLoggingStart(
  target: FeatureTarget,
  request: CheckedRequest,
  options: FeatureOptions,
): Uint8Array {
  const { flags, argsz, data } = request;
  const log = logOps(target);
  const check = checkFeature(flags, argsz, VFIO_DEVICE_FEATURE_SET, LOGGING_CONTROL_SIZE);
  if (check === 'probe') return data.slice();

  const { pageSize, numRanges } = decodeLoggingControl(data);
  if (numRanges === 0 && options.emptyMeansAll !== true) throw invalid('no ranges');
  if (numRanges > MAX_RANGES) {
    throw new VfioError('E2BIG', 'feature', `${numRanges} ranges, ${MAX_RANGES} are possible`);
  }
  const wire = decodeLoggingRanges(data, numRanges);
  if (!isPowerOfTwo(pageSize) || pageSize > IOVA_LIMIT) throw invalid(`page size ${pageSize}`);
  const ranges = numRanges === 0 ? [EVERYTHING] : checkRanges(wire, pageSize);

  const used = log.logStart(target.self, ranges, Number(pageSize));
  target.logging.started = true;
  if (!Number.isSafeInteger(used) || !isPowerOfTwo(BigInt(used))) {
    endLogging(target);
    const error = new VfioError('EIO', 'feature', `the driver logs pages of ${used} bytes`);
    target.log?.(() => 'driver breaks the logging contract', error);
    throw error;
  }
  return withPageSize(data, used);
}

/**
 * Counterpart of `vfio_ioctl_device_feature_logging_stop()`. Data that comes along is ignored.
 *
 * @throws `ENOTTY` no logging; `EINVAL`; what the driver throws
 */
export function featureLoggingStop(target: FeatureTarget, request: CheckedRequest): Uint8Array {
  const log = logOps(target);
  const check = checkFeature(request.flags, request.argsz, VFIO_DEVICE_FEATURE_SET, 0);
  if (check === 'go') {
    log.logStop(target.self);
    target.logging.started = false;
  }
  return request.data.slice();
}

/**
 * Counterpart of `vfio_ioctl_device_feature_logging_report()`.
 *
 * @returns the request and the bitmap: bit k = page k from `iova`
 * @throws `ENOTTY` no logging; `EOVERFLOW` a range past 2^64; `EINVAL` page size not a power of two of 4096 at
 * least, empty range, beyond `IOVA_LIMIT`, no room for the bitmap; what the driver throws
 */
export function featureLoggingReport(
  target: FeatureTarget,
  request: CheckedRequest,
  options: FeatureOptions,
): Uint8Array {
  const { flags, argsz, data } = request;
  const log = logOps(target);
  const check = checkFeature(flags, argsz, VFIO_DEVICE_FEATURE_GET, LOGGING_REPORT_SIZE);
  if (check === 'probe') return data.slice();

  const report = decodeLoggingReport(data);
  if (report.pageSize < PAGE_SIZE || !isPowerOfTwo(report.pageSize)) {
    throw invalid(`page size ${report.pageSize}`);
  }
  const range = checkRange(report);
  if (report.pageSize > IOVA_LIMIT) throw invalid(`page size ${report.pageSize}`);
  const pageSize = Number(report.pageSize);
  const size = IovaBitmap.byteLength(range.length, pageSize);
  if (size > (options.maxBitmapSize ?? size)) throw invalid(`bitmap of ${size} bytes`);
  checkFeature(flags, argsz, VFIO_DEVICE_FEATURE_GET, LOGGING_REPORT_SIZE + size);

  const bitmap = new IovaBitmap(range.iova, range.length, pageSize);
  log.logReadAndClear(target.self, range.iova, range.length, bitmap);
  return encodeLoggingReport({ ...range, pageSize }, bitmap.bytes);
}

/**
 * Stops logging that the user did not stop: at the last close, before `closeDevice`, and before a reset. Never
 * throws; does nothing when nothing was started.
 */
export function endLogging(target: Omit<FeatureTarget, 'migration'>): void {
  if (!target.logging.started) return;
  target.logging.started = false;
  try {
    target.ops.log?.logStop(target.self);
  } catch (error) {
    target.log?.(() => 'DMA logging could not be stopped', error);
  }
}

function logOps({ ops, logs = true }: FeatureTarget): VfioLogOps<object> {
  if (ops.log === undefined || !logs) {
    throw new VfioError('ENOTTY', 'feature', 'the device cannot log its writes');
  }
  return ops.log;
}

/** Range by range, each against those before it; ascending, as the kernel's interval tree has them. */
function checkRanges(wire: readonly WireRange[], pageSize: bigint): readonly LogRange[] {
  const ranges: LogRange[] = [];
  for (const candidate of wire) {
    if (candidate.iova % pageSize !== 0n || candidate.length % pageSize !== 0n) {
      throw invalid(`range ${text(candidate)} is not aligned to 0x${pageSize.toString(16)}`);
    }
    const range = checkRange(candidate);
    if (ranges.some((other) => overlap(range, other))) {
      throw invalid(`range ${text(candidate)} overlaps another`);
    }
    ranges.push(range);
  }
  return ranges.toSorted((a, b) => a.iova - b.iova);
}

function checkRange(range: WireRange): LogRange {
  const end = range.iova + range.length;
  if (end > U64_MAX) {
    throw new VfioError('EOVERFLOW', 'feature', `range ${text(range)} wraps`);
  }
  if (range.length === 0n || end > IOVA_LIMIT) {
    throw invalid(`range ${text(range)} is empty or beyond all addresses`);
  }
  return { iova: Number(range.iova), length: Number(range.length) };
}

function overlap(a: LogRange, b: LogRange): boolean {
  return a.iova < b.iova + b.length && b.iova < a.iova + a.length;
}

function isPowerOfTwo(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n;
}

function text({ iova, length }: WireRange): string {
  return `0x${iova.toString(16)}+0x${length.toString(16)}`;
}

function invalid(fact: string): VfioError {
  return new VfioError('EINVAL', 'feature', fact);
}
