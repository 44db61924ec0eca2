// An open device file: the access gate between a user and a driver. Counterpart of struct vfio_device_file and the file
// operations of drivers/vfio/vfio_main.c.

import type {
  DeviceInfo,
  DmaMapRequest,
  DmaUnmapReply,
  DmaUnmapRequest,
  FeatureRequest,
  IrqInfo,
  IrqSetRequest,
  RegionInfo,
  VfioAccess,
} from '../access.ts';
import { checkBytes, checkObject, hex, isObject } from '../arguments.ts';
import type { CoreDevice } from '../device/device.ts';
import type { IoAddressSpace } from '../dma/address-space.ts';
import { mappedBacking } from '../dma/backing.ts';
import { VfioError } from '../errno.ts';
import { dispatchFeature } from '../feature/dispatch.ts';
import type { FeatureOptions } from '../feature/target.ts';
import type { MemoryMapping } from '../host.ts';
import type { Ticket } from '../leaks.ts';
import { checkRegionAccess, readMemory, writeMemory } from '../region/access.ts';
import type { IoEvent } from '../region/io-event.ts';
import { isMappable, type Region } from '../region/table.ts';
import { PAGE_SIZE } from '../uapi.ts';
import { deviceInfo } from './device-info.ts';
import { queryGfxPlane, type GfxPlaneQuery, type GfxPlaneReply } from './gfx-query.ts';
import type { OpenedDevice } from './opened.ts';
import { RegionMapping } from './region-mapping.ts';
import { tellMask } from './tell-mask.ts';

/** What a file was opened through. */
export interface FileOwner {
  /** The file and all its mappings are gone. */
  fileClosed(): void;
}

/** One open file of a device; all methods throw `EBADF` once it is closed. */
export class DeviceFile implements VfioAccess, Ticket {
  readonly kind = 'device-file' as const;
  readonly #device: CoreDevice;
  readonly #owner: FileOwner;
  #opened: OpenedDevice | undefined;
  #closed = false;
  #mappings = 0;
  stack?: string;
  newer?: Ticket | undefined;
  older?: Ticket | undefined;

  /** @internal Made by a group or character device; `opened` is `undefined` until a cdev is bound. */
  constructor(device: CoreDevice, opened: OpenedDevice | undefined, owner: FileOwner) {
    this.#device = device;
    this.#opened = opened;
    this.#owner = owner;
    device.core.tracker.add(this);
  }

  /** The address space the device's DMA goes to; absent while none is attached. */
  get ioas(): IoAddressSpace | undefined {
    return this.#opened?.ioas;
  }

  /** `false` once closed. */
  get isOpen(): boolean {
    return !this.#closed;
  }

  getInfo(argsz = 16): DeviceInfo {
    return deviceInfo(this.#ready('getInfo').device, argsz);
  }

  getRegionInfo(index: number, argsz = 32): RegionInfo {
    return this.#ready('getRegionInfo').device.regions.info(index, argsz);
  }

  getIrqInfo(index: number, argsz = 16): IrqInfo {
    return this.#ready('getIrqInfo').device.irqs.info(index, argsz);
  }

  setIrqs(request: IrqSetRequest): void {
    const { device } = this.#ready('setIrqs');
    checkObject('setIrqs', 'request', request);
    device.irqs.set(request, (index, start, count, masked) => {
      tellMask(device, index, start, count, masked);
    });
  }

  read(region: number, offset: number, into: Uint8Array): number {
    const { device } = this.#ready('read');
    checkBytes('read', into);
    const found = this.#region('read', region);
    checkRegionAccess('read', found, offset, into.length);
    if (into.length === 0 || readMemory(found, offset, into)) return into.length;
    if (device.ops.read === undefined) throw noCallback('read', device);
    device.ops.read(device.self, region, offset, into);
    return into.length;
  }

  write(region: number, offset: number, from: Uint8Array): number {
    const { device } = this.#ready('write');
    checkBytes('write', from);
    const found = this.#region('write', region);
    checkRegionAccess('write', found, offset, from.length);
    if (from.length === 0 || writeMemory(found, offset, from)) return from.length;
    if (device.ops.write === undefined) throw noCallback('write', device);
    device.ops.write(device.self, region, offset, from);
    return from.length;
  }

  mmap(region: number, offset: number, length: number): MemoryMapping {
    const { device } = this.#ready('mmap');
    const found = this.#region('mmap', region);
    const aligned = offset % PAGE_SIZE === 0 && length % PAGE_SIZE === 0 && length > 0;
    if (
      !aligned ||
      offset < 0 ||
      found.memory === undefined ||
      !isMappable(found, offset, length)
    ) {
      const range = `${hex(offset)}+${hex(length)}`;
      throw new VfioError('EINVAL', 'mmap', `region ${region}: ${range} cannot be mapped`);
    }
    const mapping = found.memory.map(found.memoryOffset + offset, length);
    this.#mappings++;
    return new RegionMapping(mapping, `${device.name} region ${region}`, device.core.tracker, {
      unmapping: () => {
        if (this.#closed) this.#checkClosable('unmap', 1);
      },
      unmapped: () => {
        this.#mappings--;
        if (this.#closed) this.#finishIfUnused();
      },
    });
  }

  /**
   * Has the driver bring the device to rest; for a server, which takes no other command meanwhile.
   *
   * @returns a promise where it takes time; it rejects with what the driver gives
   */
  quiesce(): Promise<void> | undefined {
    const { device } = this.#ready('quiesce');
    const resting = device.ops.quiesce?.(device.self);
    return isObject(resting) ? Promise.resolve(resting) : undefined;
  }

  reset(): Promise<void> | undefined {
    const opened = this.#ready('reset');
    const { device } = opened;
    if (device.ops.reset === undefined) throw noCallback('reset', device);
    opened.endLogging();
    const resetting = device.ops.reset(device.self);
    if (isObject(resetting)) {
      return Promise.resolve(resetting).then(() => opened.migration?.reset());
    }
    opened.migration?.reset();
    return undefined;
  }

  feature(request: FeatureRequest, options?: FeatureOptions): Uint8Array {
    const opened = this.#ready('feature');
    checkObject('feature', 'request', request);
    return dispatchFeature(opened, request, options);
  }

  readMigrationData(into: Uint8Array): number {
    return this.#migration('readMigrationData').read(into);
  }

  writeMigrationData(from: Uint8Array): number {
    return this.#migration('writeMigrationData').write(from);
  }

  mapDma(request: DmaMapRequest): void {
    const ioas = this.#addressSpace('mapDma');
    checkObject('mapDma', 'request', request);
    const { iova, size, flags, memory, offset = 0 } = request;
    checkObject('mapDma', 'memory', memory);
    ioas.checkMap({ iova, size, flags });
    const backing = mappedBacking(memory, offset, size);
    try {
      ioas.map({ iova, size, flags, backing });
    } catch (error) {
      backing.revoke();
      throw error;
    }
  }

  unmapDma(request: DmaUnmapRequest): DmaUnmapReply {
    const ioas = this.#addressSpace('unmapDma');
    checkObject('unmapDma', 'request', request);
    return ioas.unmap(request);
  }

  /**
   * What the device shows. Counterpart of `VFIO_DEVICE_QUERY_GFX_PLANE`.
   *
   * @throws `EINVAL` argsz, flags; `ENOTTY` the device has no plane
   */
  queryGfxPlane(query: GfxPlaneQuery): GfxPlaneReply {
    const { device } = this.#ready('queryGfxPlane');
    checkObject('queryGfxPlane', 'query', query);
    return queryGfxPlane(device, query);
  }

  /**
   * Ends the use of the device; a mapping that lives keeps the device open. A second call does nothing.
   *
   * @throws `EDEADLK` from within an open or close of the same device set, the file stays open then; what the
   * driver's callbacks throw, after everything is done
   */
  close(): void {
    if (this.#closed) return;
    this.#checkClosable('close', 0);
    this.#closed = true;
    this.#finishIfUnused();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  describe(): string {
    const mappings = this.#mappings === 0 ? '' : ` with ${this.#mappings} mappings`;
    return `file of ${this.#device.name}${this.#closed ? ', closed' : ''}${mappings}`;
  }

  /** The region memory behind a mappable region, for a server that passes it on. */
  region(index: number): Region | undefined {
    return this.#ready('region').device.regions.get(index);
  }

  /**
   * Places of a region whose writes become signals, for a server that gives descriptors for them.
   *
   * @throws `EINVAL` no region is set up there
   */
  ioEvents(index: number): readonly IoEvent[] {
    return this.#ready('ioEvents').device.regions.ioEvents(index);
  }

  /** Tells the driver of a signal; for a server. @throws what the driver throws */
  ioEvent(region: number, signal: number): void {
    const { device } = this.#ready('ioEvent');
    device.ops.ioEvent?.(device.self, region, signal);
  }

  /** Ends the time in which every call but bind fails; for character devices. @internal */
  protected bound(opened: OpenedDevice): void {
    this.#opened = opened;
  }

  /** What is between the device and this file's user, once it is bound. @internal */
  protected get openedDevice(): OpenedDevice | undefined {
    return this.#opened;
  }

  protected check(op: string): void {
    if (this.#closed)
      throw new VfioError('EBADF', op, `the file of ${this.#device.name} is closed`);
  }

  #ready(op: string): OpenedDevice {
    this.check(op);
    if (this.#opened === undefined) {
      throw new VfioError(
        'EINVAL',
        op,
        `the file of ${this.#device.name} is not bound to an iommufd`,
      );
    }
    return this.#opened;
  }

  #region(op: string, index: number): Region {
    const region = this.#device.regions.get(index);
    if (region === undefined) throw new VfioError('EINVAL', op, `no region ${index}`);
    return region;
  }

  #migration(op: string): NonNullable<OpenedDevice['migration']> {
    const { migration } = this.#ready(op);
    if (migration === undefined) {
      throw new VfioError('EINVAL', op, `${this.#device.name} does not migrate`);
    }
    return migration;
  }

  #addressSpace(op: string): IoAddressSpace {
    const { ioas } = this.#ready(op);
    if (ioas === undefined) throw new VfioError('EINVAL', op, 'no address space is attached');
    return ioas;
  }

  /** @throws `EDEADLK` the file would go with its last `mappings`, and cannot now */
  #checkClosable(op: string, mappings: number): void {
    if (this.#mappings === mappings) this.#device.deviceSet?.checkFree(this.#device, op);
  }

  /** The device stays open while a mapping of this file lives. */
  #finishIfUnused(): void {
    if (this.#mappings > 0) return;
    try {
      this.#opened?.close();
    } finally {
      this.#device.core.tracker.remove(this);
      this.#owner.fileClosed();
    }
  }
}

function noCallback(op: string, device: CoreDevice): VfioError {
  return new VfioError('EINVAL', op, `${device.ops.name} has no ${op}`);
}
