// What a user of a device can do with it, whether the device is in this process or behind a socket. The
// in-process DeviceFile and the vfio-user client both satisfy VfioAccess, so tools do not care which they hold.

import type { EventSignal, MemoryMapping, SharedMemory } from './host.ts';

/** A value now or later: in process it is there at once, over a socket it takes a round trip. */
export type Awaitable<T> = T | Promise<T>;

/** Answer to `VFIO_DEVICE_GET_INFO`. */
export interface DeviceInfo {
  /** Bytes the full answer needs. */
  readonly argsz: number;
  /** `VFIO_DEVICE_FLAGS_*`. */
  readonly flags: number;
  readonly numRegions: number;
  readonly numIrqs: number;
}

/** Answer to `VFIO_DEVICE_GET_REGION_INFO`. */
export interface RegionInfo {
  /** Bytes the full answer needs, capability chain included. */
  readonly argsz: number;
  /** `VFIO_REGION_INFO_FLAG_*`. */
  readonly flags: number;
  readonly index: number;
  /** Where the capability chain starts, from the start of the info structure; 0 = none here. */
  readonly capOffset: number;
  /** Bytes; 0 = the region is not implemented. */
  readonly size: number;
  /** Where the region starts in the device's file. */
  readonly offset: number;
  /** The capability chain as bytes; offsets in it count from the info structure, 32 bytes before. */
  readonly caps: Uint8Array;
}

/** Answer to `VFIO_DEVICE_GET_IRQ_INFO`. */
export interface IrqInfo {
  readonly argsz: number;
  /** `VFIO_IRQ_INFO_*`. */
  readonly flags: number;
  readonly index: number;
  /** Subindexes; 0 = the index is not implemented. */
  readonly count: number;
}

/** Request of `VFIO_DEVICE_SET_IRQS`. */
export interface IrqSetRequest {
  /** Bytes of header (20) and data; the exact size when left out. */
  readonly argsz?: number;
  /** One `VFIO_IRQ_SET_DATA_*` and one `VFIO_IRQ_SET_ACTION_*`. */
  readonly flags: number;
  readonly index: number;
  readonly start: number;
  readonly count: number;
  /** `DATA_BOOL`: one byte for each of `count`. */
  readonly bools?: Uint8Array;
  /**
   * `DATA_EVENTFD`: one for each of `count`, `null` de-assigns. On success the device owns them; on an
   * error the caller still does.
   */
  readonly signals?: readonly (EventSignal | null)[];
}

/** Request of `VFIO_DEVICE_FEATURE`; `data` is laid out as in vfio-user (no pointers, ranges inline). */
export interface FeatureRequest {
  /** 8 and the room for data, either way; `8 + data.length` when left out. */
  readonly argsz?: number;
  /** Feature index with `VFIO_DEVICE_FEATURE_GET`, `_SET` or `_PROBE`. */
  readonly flags: number;
  readonly data?: Uint8Array;
}

/** Guest memory to be made reachable for the device. */
export interface DmaMapRequest {
  /** First device-visible address; see {@link IOVA_LIMIT}. */
  readonly iova: number;
  /** Bytes. */
  readonly size: number;
  /** `VFIO_DMA_MAP_FLAG_*`. */
  readonly flags: number;
  /** The memory behind the range. */
  readonly memory: SharedMemory;
  /** Where in `memory` the range starts, bytes. */
  readonly offset?: number;
}

/** A range to be taken away from the device. */
export interface DmaUnmapRequest {
  readonly iova: number;
  readonly size: number;
  /** `VFIO_DMA_UNMAP_FLAG_*`. */
  readonly flags?: number;
  /** With `GET_DIRTY_BITMAP`: bytes for each bit. */
  readonly pageSize?: number;
}

/** What an unmap did. */
export interface DmaUnmapReply {
  /** Bytes that were mapped and now are not. */
  readonly size: number;
  /** With `GET_DIRTY_BITMAP`: bit k = page k from `iova` was written by the device. */
  readonly bitmap?: Uint8Array;
}

/** Device-visible addresses are below 2^52, the widest any supported bus drives; they fit a `number` exactly. */
export const IOVA_LIMIT: number = 2 ** 52;

/** A device as its user sees it; every method can fail with a `VfioError`. */
export interface VfioAccess {
  /** @throws `EINVAL` argsz below 16 */
  getInfo(argsz?: number): Awaitable<DeviceInfo>;
  /** @throws `EINVAL` argsz below 32, no such index */
  getRegionInfo(index: number, argsz?: number): Awaitable<RegionInfo>;
  /** @throws `EINVAL` argsz below 16, no such index */
  getIrqInfo(index: number, argsz?: number): Awaitable<IrqInfo>;
  /** @throws `EINVAL`, `ENOTTY` as `vfio_set_irqs_validate_and_prepare()` and vfio-pci give them */
  setIrqs(request: IrqSetRequest): Awaitable<void>;
  /**
   * Reads `into.length` bytes from offset `offset` of a region.
   *
   * @returns bytes read, always all of them
   * @throws `EINVAL` past the end, write-only, no such region
   */
  read(region: number, offset: number, into: Uint8Array): Awaitable<number>;
  /** Opposite direction of {@link VfioAccess.read}. */
  write(region: number, offset: number, from: Uint8Array): Awaitable<number>;
  /** @throws `EINVAL` region not mappable there, range past its end, not page aligned */
  mmap(region: number, offset: number, length: number): Awaitable<MemoryMapping>;
  /** @throws `EINVAL` the device has no reset */
  reset(): Awaitable<void>;
  /** @throws `EINVAL`, `ENOTTY`, and what the feature gives */
  feature(request: FeatureRequest): Awaitable<Uint8Array>;
  /**
   * Reads from the migration stream of the session.
   *
   * @returns bytes; fewer than asked at the end of the stream (0 then)
   * @throws `EINVAL` no stream to read from; `ENOMSG` temporary end in PRE_COPY
   */
  readMigrationData(into: Uint8Array): Awaitable<number>;
  /** @throws `EINVAL` no stream to write to */
  writeMigrationData(from: Uint8Array): Awaitable<number>;
  /** @throws `EINVAL`, `EEXIST`, `ENOSPC` as `VFIO_IOMMU_MAP_DMA` gives them */
  mapDma(request: DmaMapRequest): Awaitable<void>;
  /** @throws `EINVAL` as `VFIO_IOMMU_UNMAP_DMA` gives it */
  unmapDma(request: DmaUnmapRequest): Awaitable<DmaUnmapReply>;
  /** Ends the use of the device; everything handed out goes back. A second call does nothing. */
  close(): Awaitable<void>;
}
