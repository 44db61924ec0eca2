// The callbacks a driver gives to the allocator. Names and times are those of struct vfio_device_ops,
// vfio_migration_ops and vfio_log_ops (include/linux/vfio.h); each gets the driver's own type.

import type { FeatureRequest } from './access.ts';
import type { GfxPlane } from './gfx.ts';

/** Which kind of user interface a device has; decides the flags and minimum tables of `GET_INFO`. */
export type DeviceApi = 'vfio-pci' | 'vfio-platform' | 'vfio-ccw' | 'vfio-ap';

/** Device states of migration v2, by name. */
export type MigrationState =
  | 'ERROR'
  | 'STOP'
  | 'RUNNING'
  | 'STOP_COPY'
  | 'RESUMING'
  | 'RUNNING_P2P'
  | 'PRE_COPY'
  | 'PRE_COPY_P2P';

/** How much a pre-copy stream still has. */
export interface PrecopyInfo {
  /** Bytes of the first pass not read yet. */
  readonly initialBytes: number;
  /** Bytes that became dirty again. */
  readonly dirtyBytes: number;
}

/** The data of one migration session; core closes it when the session ends. */
export interface MigrationStream {
  /** Fills `into` from the device's state; 0 = end. Throws `ENOMSG` at a temporary end in PRE_COPY. */
  read?(into: Uint8Array): number;
  /** Takes a piece of another device's state. */
  write?(from: Uint8Array): number;
  /** Answer to `VFIO_MIG_GET_PRECOPY_INFO`. */
  precopyInfo?(): PrecopyInfo;
  /** Called once, when the session ends. */
  close?(): void;
}

/** Migration, for drivers that have it. Must not change after registration. */
export interface VfioMigrationOps<T> {
  /** `VFIO_MIGRATION_*`; `STOP_COPY` is mandatory. */
  readonly flags: number;
  /** The state the device is in. */
  getState(device: T): MigrationState;
  /**
   * Takes the device along one arc; core has split longer paths. A failure leaves the device in
   * `from`, or in `ERROR` if {@link VfioMigrationOps.getState} says so.
   *
   * @returns the stream, on the arcs that open one
   */
  setState(device: T, from: MigrationState, to: MigrationState): MigrationStream | undefined;
  /** Bytes a STOP_COPY would carry now, an estimate. */
  getDataSize(device: T): number;
}

/** One range whose writes are logged. */
export interface LogRange {
  readonly iova: number;
  readonly length: number;
}

/** Where a driver reports dirty ranges; see `IovaBitmap`. */
export interface DirtySink {
  /** Marks all pages that the range touches. */
  set(iova: number, length: number): void;
}

/** Dirty tracking by the device, for drivers that have it. Must not change after registration. */
export interface VfioLogOps<T> {
  /**
   * Begins logging.
   *
   * @returns the page size really used, bytes
   */
  logStart(device: T, ranges: readonly LogRange[], pageSize: number): number;
  /** Opposite of {@link VfioLogOps.logStart}. */
  logStop(device: T): void;
  /** Reports and clears what was written in the range. */
  logReadAndClear(device: T, iova: number, length: number, dirty: DirtySink): void;
}

/** The callbacks that stand alone; only `name` is required. */
export interface BaseOps<T> {
  /** For diagnostics; the driver's name. */
  readonly name: string;
  /** Which interface the device has; `vfio-pci` when left out. */
  readonly deviceApi?: DeviceApi;
  /** Once, at the end of the allocation. Must undo its own partial work before it throws. */
  init?(device: T): void;
  /** Once, at the last put, if `init` succeeded; gives back what `init` took. */
  release?(device: T): void;
  /**
   * Reads a part of a region that no memory backs. Core has checked index, bounds and flags.
   *
   * @param offset - bytes from the start of the region
   */
  read?(device: T, region: number, offset: number, into: Uint8Array): void;
  /** Opposite direction of {@link BaseOps.read}. */
  write?(device: T, region: number, offset: number, from: Uint8Array): void;
  /**
   * The guest has written to a place whose writes become signals, once or more often; see `setupIoEventFd`.
   *
   * @param signal - the number that the place was set up with
   */
  ioEvent?(device: T, region: number, signal: number): void;
  /**
   * Brings the device to rest: no guest memory is used from when this is done until the next callback. A server
   * asks for it before guest memory comes or goes, a reset, a change of the migration state, and when its client
   * is gone; what the client sends meanwhile waits, other devices go on. When it throws or rejects, the command
   * that needs it fails with that error and changes nothing. `closeDevice` may come before a promise is settled,
   * when the server itself ends.
   *
   * @returns a promise where it takes time
   */
  quiesce?(device: T): Promise<void> | void;
  /**
   * Returns the device to its initial state; without it the device has no reset. A server takes no other command
   * of the client before it is over.
   *
   * @returns a promise where it takes time
   */
  reset?(device: T): Promise<void> | void;
  /** Asks to be let go: at once and every 10 s while an unregister waits; `count` starts at 0. */
  request?(device: T, count: number): void;
  /** Look-up by name: negative errno aborts it, 0 = no, positive = yes. */
  match?(device: T, name: string): number;
  /** A mapping that holds pinned pages goes away: unpin everything in the range before returning. */
  dmaUnmap?(device: T, iova: number, length: number): void;
  /** The guest masked or unmasked interrupts of an index. */
  irqMask?(device: T, index: number, start: number, count: number, masked: boolean): void;
  /** Features core does not handle; throw `ENOTTY` for an unknown one. */
  deviceFeature?(device: T, request: Required<FeatureRequest>): Uint8Array;
  /** What the device shows; `undefined` while the plane is off. */
  queryGfxPlane?(device: T): GfxPlane | undefined;
  /** Migration; without it the device cannot migrate. */
  readonly migration?: VfioMigrationOps<T>;
  /** Dirty tracking by the device. */
  readonly log?: VfioLogOps<T>;
}

/** First open and last close, strictly alternating; `closeDevice` is never called when `openDevice` threw. */
export type OpenPair<T> =
  | { openDevice(device: T): void; closeDevice(device: T): void }
  | { readonly openDevice?: never; readonly closeDevice?: never };

/** Use through an iommufd, all four or none; `iommufdEmulatedOps` has them ready. */
export interface IommufdOps<T> {
  bindIommufd(device: T, iommufd: object): void;
  unbindIommufd(device: T): void;
  attachIoas(device: T, ioas: object): void;
  detachIoas(device: T): void;
}
/** All of {@link IommufdOps} or none of them. */
export type IommufdSet<T> = IommufdOps<T> | { readonly [K in keyof IommufdOps<T>]?: never };

/**
 * A driver's callbacks, typed by the driver's own class. Counterpart of `struct vfio_device_ops`.
 *
 * A table with half a pair does not compile. Core looks a callback up each time it calls it, so the table of a
 * live device can be replaced.
 */
export type VfioDeviceOps<T> = BaseOps<T> & OpenPair<T> & IommufdSet<T>;
