// Migration from the user's side, and what the driver sees of it.

/* oxlint-disable no-await-in-loop -- a stream is read and written in order */

import {
  isErrno,
  setMigrationState,
  VFIO_MIGRATION_P2P,
  VFIO_MIGRATION_PRE_COPY,
  VFIO_MIGRATION_STOP_COPY,
  VfioError,
  type ErrnoCode,
  type MigrationState,
  type VfioAccess,
  type VfioDeviceOps,
  type VfioMigrationOps,
} from '@vfio-ts/core';
import type { Supports } from '../device-under-test.ts';
import { concat } from './bytes.ts';

/** Bytes after which a stream is taken for one without an end. */
const STREAM_LIMIT = 2 ** 28;

/** The `VFIO_MIGRATION_*` a device with this manifest has to show. */
export function expectedFlags({ p2p, preCopy }: Pick<Supports, 'p2p' | 'preCopy'>): number {
  const more = (p2p ? VFIO_MIGRATION_P2P : 0) | (preCopy ? VFIO_MIGRATION_PRE_COPY : 0);
  return VFIO_MIGRATION_STOP_COPY | more;
}

/** How the stream is read or written. */
export interface StreamOptions {
  /** Bytes at a time. */
  readonly chunk?: number;
}

/**
 * Reads the migration stream to its end, or to its temporary end before the device stops.
 *
 * @throws `EOVERFLOW` it does not end; what the device gives
 */
export async function readStream(
  access: VfioAccess,
  { chunk = 65536 }: StreamOptions = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const into = new Uint8Array(chunk);
    const count = await readOrEnd(access, into);
    if (count === 0) break;
    chunks.push(into.subarray(0, count));
    length += count;
    if (length > STREAM_LIMIT) throw new VfioError('EOVERFLOW', 'readStream', 'no end in sight');
  }
  return concat(chunks);
}

async function readOrEnd(access: VfioAccess, into: Uint8Array): Promise<number> {
  try {
    return await access.readMigrationData(into);
  } catch (error) {
    if (isErrno(error, 'ENOMSG')) return 0;
    throw error;
  }
}

/**
 * Writes a whole migration stream.
 *
 * @throws `EIO` the device takes nothing more; what the device gives
 */
export async function writeStream(
  access: VfioAccess,
  data: Uint8Array,
  { chunk = 65536 }: StreamOptions = {},
): Promise<void> {
  for (let at = 0; at < data.length;) {
    const count = await access.writeMigrationData(data.subarray(at, at + chunk));
    if (count === 0) throw new VfioError('EIO', 'writeStream', `nothing taken at ${at}`);
    at += count;
  }
}

/** The state of a device as a stream; the device runs before and after. */
export async function saveImage(access: VfioAccess, options?: StreamOptions): Promise<Uint8Array> {
  await setMigrationState(access, 'STOP_COPY');
  const image = await readStream(access, options);
  await setMigrationState(access, 'RUNNING');
  return image;
}

/** Takes a device that runs to any state; one that resumes has all it needs to go on. */
export async function enterState(access: VfioAccess, state: MigrationState): Promise<void> {
  if (state !== 'RESUMING') {
    await setMigrationState(access, state);
    return;
  }
  const image = await saveImage(access);
  await setMigrationState(access, 'RESUMING');
  await writeStream(access, image);
}

/** One arc, for comparing. */
export function arcName(from: MigrationState, to: MigrationState): string {
  return `${from} -> ${to}`;
}

/** The same callbacks with another migration table; a driver without one has none then either. */
function withMigration<T>(
  ops: VfioDeviceOps<T>,
  change: (migration: VfioMigrationOps<T>) => Partial<VfioMigrationOps<T>>,
): VfioDeviceOps<T> {
  const { migration } = ops;
  if (migration === undefined) return ops;
  return { ...ops, migration: { ...migration, ...change(migration) } };
}

/**
 * The same callbacks, noting each arc the driver is taken along.
 *
 * @param arcs - where the notes go, see {@link arcName}
 */
export function recordingArcs<T>(ops: VfioDeviceOps<T>, arcs: string[]): VfioDeviceOps<T> {
  return withMigration(ops, (migration) => ({
    setState(device, from, to) {
      arcs.push(arcName(from, to));
      return migration.setState(device, from, to);
    },
  }));
}

/** What happens on one arc instead of the driver's own doing. */
export interface ArcFault {
  /** See {@link arcName}. */
  readonly arc: string;
  readonly code: ErrnoCode;
  /** The device is in ERROR then; it stays in the state it was in when left out. */
  readonly intoError?: boolean;
}

/**
 * The same callbacks, failing on one arc. A device in ERROR is out of it after a reset or a new open, as a driver's own
 * would be; in which state it is then is up to the driver.
 */
export function failingArc<T>(
  ops: VfioDeviceOps<T>,
  { arc, code, intoError = false }: ArcFault,
): VfioDeviceOps<T> {
  let isInError = false;
  const failing = withMigration(ops, (migration) => ({
    getState: (device) => (isInError ? 'ERROR' : migration.getState(device)),
    setState(device, from, to) {
      if (arcName(from, to) !== arc) return migration.setState(device, from, to);
      isInError = intoError;
      throw new VfioError(code, 'setState', `made to fail on ${arc}`);
    },
  }));
  return new Proxy(failing, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(target, name);
      if ((name !== 'reset' && name !== 'openDevice') || typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        isInError = false;
        return Reflect.apply(value, target, args);
      };
    },
  });
}
