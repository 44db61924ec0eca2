// What a migration is told, and what comes of it.

import type { Awaitable, VfioAccess } from '../access.ts';
import { VfioError } from '../errno.ts';
import type { LogRange, MigrationState } from '../ops.ts';

/** The part of a device's interface that it is migrated from with. */
export type MigrateSource = Pick<VfioAccess, 'feature' | 'readMigrationData'>;
/** The part of a device's interface that it is migrated to with. */
export type MigrateTarget = Pick<
  VfioAccess,
  'feature' | 'writeMigrationData' | 'getInfo' | 'reset'
>;

/** Where a migration is: asking, copying while the device runs, copying while it stands, handing over. */
export type MigratePhase = 'check' | 'pre-copy' | 'stop-copy' | 'hand-over';

/** How far a migration is. */
export interface MigrateProgress {
  readonly phase: MigratePhase;
  /** Bytes of the stream the target has. */
  readonly bytes: number;
  /** Passes of pre-copy that are complete. */
  readonly passes: number;
  /** Of `bytes`, what was carried while the device stood. */
  readonly stopBytes: number;
}

/** Says that a migration is to be given up; an `AbortSignal` is one. */
export interface CancelSignal {
  /** Looked at before each request. */
  readonly aborted: boolean;
}

/** Whoever runs the guest. Without it the caller has to see to it that the guest leaves the device alone. */
export interface GuestControl {
  /** The guest must not touch the device from when this is done; called once, before the last copy. */
  stop(): Awaitable<void>;
  /** Opposite of {@link GuestControl.stop}, called when the old device runs on. */
  resume(): Awaitable<void>;
}

/** What the old device has written to guest memory, for whoever carries that. */
export interface DirtyMemory {
  /** Index in {@link DmaLoggingOptions.ranges}. */
  readonly range: number;
  /** Bytes for each bit. */
  readonly pageSize: number;
  /** Bit k = page k from the start of the range; whole 64-bit words. */
  readonly bitmap: Uint8Array;
  /** The device stands: no further report comes. */
  readonly isLast: boolean;
}

/** Logging of what the old device writes to guest memory, from before the first byte to when it stands. */
export interface DmaLoggingOptions {
  /** One report for each; libvfio-user wants them to be mapped ranges, from start to end. */
  readonly ranges: readonly LogRange[];
  /** Bytes, a power of two of 4096 at least. */
  readonly pageSize: number;
  /** Called for each range after each pass, and once more when the device stands. */
  onDirty(dirty: DirtyMemory): Awaitable<void>;
}

/** How a migration is done. */
export interface MigrateOptions {
  /** Bytes read and written at a time, and all that is held of the stream; 256 KiB when left out. */
  readonly chunkSize?: number;
  /** Copies while the device runs, if it can; `true` when left out. */
  readonly preCopy?: boolean;
  /** Passes of pre-copy after which the device is stopped, whatever has changed again; 8 when left out. */
  readonly maxPasses?: number;
  /** A pass of at most so many bytes is the last of pre-copy; 64 KiB when left out. */
  readonly threshold?: number;
  /** A stream that goes beyond is given up with `EOVERFLOW`, bytes; 1 TiB when left out. */
  readonly maxBytes?: number;
  /** `false` leaves the new device in STOP, for a caller that starts several at once; `true` when left out. */
  readonly start?: boolean;
  readonly signal?: CancelSignal;
  readonly guest?: GuestControl;
  readonly dmaLogging?: DmaLoggingOptions;
  /**
   * Called after each piece, and waited for: the place to hold back, and to give an event loop a turn where both
   * devices are in this process. What it throws ends the migration as failed.
   */
  onProgress?(progress: MigrateProgress): Awaitable<void>;
}

/** How it ended; see {@link MigrateResult}. */
export type MigrateOutcome =
  | { readonly outcome: 'migrated' }
  | { readonly outcome: 'cancelled'; readonly failures?: unknown }
  | { readonly outcome: 'failed'; readonly error: unknown }
  | { readonly outcome: 'uncertain'; readonly error: unknown };

/**
 * What became of a migration.
 *
 * - `migrated`: the new device has the state, and the old one stands.
 * - `cancelled`, `failed`: the old device runs on, as `source` says. The new one has been reset if it had been
 *   touched; where it has no reset, `target` says in what state it is, and closing it makes it usable.
 * - `uncertain`: a device stopped to answer while it was handed over. Either the old one, when it was told to stand:
 *   the new one is in STOP, with the whole state. Or the new one, when it was told to run: the old one is in STOP.
 *   To run both would be worse than none; whoever can see the silent one decides.
 *
 * An `error` is what went wrong; where giving up failed too, a `SuppressedError` of both, which for `cancelled` is
 * `failures`.
 */
export type MigrateResult = MigrateProgress &
  MigrateOutcome & {
    /** The state of the old device; `undefined` where it does not answer. */
    readonly source: MigrationState | undefined;
    /** The state of the new device; `undefined` where it does not answer. */
    readonly target: MigrationState | undefined;
  };

/** @internal The options with nothing left out that has a value. */
export interface MigrateSettings {
  readonly chunkSize: number;
  readonly preCopy: boolean;
  readonly maxPasses: number;
  readonly threshold: number;
  readonly maxBytes: number;
  readonly start: boolean;
}

/** @internal @throws `EINVAL` a number that cannot be meant */
export function migrateSettings(options: MigrateOptions): MigrateSettings {
  const { preCopy = true, start = true, maxPasses = 8 } = options;
  const { chunkSize = 0x4_0000, threshold = 0x1_0000, maxBytes = 2 ** 40 } = options;
  checkCount('chunkSize', chunkSize, 1);
  checkCount('maxPasses', maxPasses, 1);
  checkCount('threshold', threshold, 0);
  checkCount('maxBytes', maxBytes, 1);
  return { chunkSize, preCopy, maxPasses, threshold, maxBytes, start };
}

function checkCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new VfioError('EINVAL', 'migrate', `${name} ${value}`);
}
