// The features core handles, as a user asks for them: of a device in this process or behind a socket.

import type { FeatureRequest, VfioAccess } from '../access.ts';
import { IovaBitmap } from '../dma/iova-bitmap.ts';
import { VfioError } from '../errno.ts';
import { migrationStateName, migrationStateNumber } from '../migration/states.ts';
import type { LogRange, MigrationState } from '../ops.ts';
import {
  VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
  VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
  VFIO_DEVICE_FEATURE_MIGRATION,
  VFIO_DEVICE_FEATURE_SET,
} from '../uapi.ts';
import { FEATURE_HEADER_SIZE } from './check.ts';
import {
  decodeMigState,
  decodeU64,
  encodeLoggingReport,
  encodeLoggingStart,
  encodeMigState,
  LOGGING_CONTROL_SIZE,
  LOGGING_REPORT_SIZE,
  MIG_STATE_SIZE,
  type ReportRequest,
  U64_SIZE,
} from './layouts.ts';

/** The part of a device's interface that features need. */
export type FeatureAccess = Pick<VfioAccess, 'feature'>;

/**
 * The `VFIO_MIGRATION_*` of a device.
 *
 * @throws `ENOTTY` the device cannot migrate; `EPROTO` the reply is short
 */
export async function getMigrationFlags(access: FeatureAccess): Promise<number> {
  return decodeU64(await get(access, VFIO_DEVICE_FEATURE_MIGRATION, U64_SIZE));
}

/**
 * The migration state of a device.
 *
 * @throws `ENOTTY` the device cannot migrate; `EPROTO` the reply is short or names no state
 */
export async function getMigrationState(access: FeatureAccess): Promise<MigrationState> {
  const data = await get(access, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, MIG_STATE_SIZE);
  const { deviceState } = decodeMigState(data);
  const state = migrationStateName(deviceState);
  if (state !== undefined) return state;
  throw new VfioError('EPROTO', 'feature', `0x${deviceState.toString(16)} is no device state`);
}

/**
 * Takes a device to a migration state, over as many arcs as that needs.
 *
 * @throws `EINVAL` no way leads there; `ENOTTY` the device cannot migrate; and what the device gives
 */
export async function setMigrationState(
  access: FeatureAccess,
  state: MigrationState,
): Promise<void> {
  const data = encodeMigState({ deviceState: migrationStateNumber(state), dataFd: -1 });
  await set(access, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, data);
}

/**
 * Bytes a STOP_COPY would carry now, an estimate.
 *
 * @throws `ENOTTY` the device cannot migrate; `EPROTO` the reply is short
 */
export async function getMigrationDataSize(access: FeatureAccess): Promise<number> {
  return decodeU64(await get(access, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, U64_SIZE));
}

/**
 * Begins to log what a device writes.
 *
 * @param ranges - none = everything, over vfio-user
 * @returns the page size really used, bytes
 * @throws `EINVAL`, `E2BIG`, `EOVERFLOW` as the ranges are wrong; `ENOTTY` the device cannot log
 */
export async function startDmaLogging(
  access: FeatureAccess,
  ranges: readonly LogRange[],
  pageSize: number,
): Promise<number> {
  const data = encodeLoggingStart(pageSize, ranges);
  const reply = await set(access, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, data);
  return decodeU64(atLeast(reply, LOGGING_CONTROL_SIZE));
}

/** Opposite of {@link startDmaLogging}. */
export async function stopDmaLogging(access: FeatureAccess): Promise<void> {
  await set(access, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, new Uint8Array(0));
}

/**
 * What a device has written in a range since the last report; the log of the range is clear afterwards.
 *
 * @returns bitmap in whole 64-bit words, bit k = page k from `iova`
 * @throws `EINVAL`, `EOVERFLOW` as the request is wrong; `ENOTTY` the device cannot log; `EPROTO` the reply is short
 */
export async function reportDmaLogging(
  access: FeatureAccess,
  request: ReportRequest,
): Promise<Uint8Array> {
  const size = LOGGING_REPORT_SIZE + IovaBitmap.byteLength(request.length, request.pageSize);
  const reply = await get(
    access,
    VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
    size,
    encodeLoggingReport(request),
  );
  return reply.subarray(LOGGING_REPORT_SIZE, size);
}

async function get(
  access: FeatureAccess,
  feature: number,
  size: number,
  data?: Uint8Array,
): Promise<Uint8Array> {
  const flags = feature | VFIO_DEVICE_FEATURE_GET;
  const request: FeatureRequest = { argsz: FEATURE_HEADER_SIZE + size, flags };
  return atLeast(await access.feature(data === undefined ? request : { ...request, data }), size);
}

async function set(access: FeatureAccess, feature: number, data: Uint8Array): Promise<Uint8Array> {
  return await access.feature({ flags: feature | VFIO_DEVICE_FEATURE_SET, data });
}

function atLeast(reply: Uint8Array, size: number): Uint8Array {
  if (reply.length >= size) return reply;
  throw new VfioError('EPROTO', 'feature', `reply of ${reply.length} bytes, ${size} were due`);
}
