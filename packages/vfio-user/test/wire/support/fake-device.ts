// A small device that notes what it is asked. It has the shape of a PCI device: BAR0 plain, BAR1 mappable in two
// areas, BAR2 mappable as a whole, BAR3 mappable but of memory without a descriptor.

import {
  HeapMemory,
  IoAddressSpace,
  REGION_INFO_SIZE,
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_MASK,
  VFIO_DEVICE_FEATURE_MIGRATION,
  VFIO_DEVICE_FEATURE_PROBE,
  VFIO_DEVICE_FLAGS_PCI,
  VFIO_DEVICE_FLAGS_RESET,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_REGION_INFO_FLAG_CAPS,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  VfioError,
  type EventSignal,
  type FeatureRequest,
  type IoEvent,
  type IrqSetRequest,
  type Logger,
  type RegionInfo,
  type SharedMemory,
} from '@vfio-ts/core';
import type { OpenDevice, ServedAccess, ServedDevice } from '../../../src/served-device.ts';
import type { FdTable } from './fake-fd.ts';
import { FakeMemory } from './hosts.ts';

export interface FakeRegion {
  readonly size: number;
  readonly flags: number;
  readonly caps?: Uint8Array;
  readonly memory?: SharedMemory;
  readonly offset?: number;
}

const RW = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
const NONE = new Uint8Array(0);

/** Sparse capability of areas 0x2000/0x1000 and 0x4000/0x2000, as bytes. */
export const SPARSE_CAP: Uint8Array = new Uint8Array(
  Uint32Array.of(1 | (1 << 16), 0, 2, 0, 0x2000, 0, 0x1000, 0, 0x4000, 0, 0x2000, 0).buffer,
);

export const IRQ_COUNTS: readonly number[] = [1, 0, 2048, 1, 1];

export class FakeDevice implements ServedDevice {
  readonly name = 'fake';
  readonly table: FdTable;
  readonly bytes: Uint8Array = new Uint8Array(0x200000);
  readonly calls: string[] = [];
  readonly signals = new Map<string, EventSignal>();
  readonly regions: Map<number, FakeRegion>;
  readonly ioas: IoAddressSpace;
  readonly memory: FakeMemory;
  migrates = true;
  /** Thrown by the next operation of that name. */
  fail: { readonly op: string; readonly error: unknown } | undefined;
  lastIrqs: IrqSetRequest | undefined;
  lastFeature: FeatureRequest | undefined;
  featureReply: Uint8Array = NONE;
  /** What the migration stream gives, and what it got. */
  stream: Uint8Array = NONE;
  readonly received: number[] = [];
  /** Places whose writes become signals, by region. */
  readonly ioEvents = new Map<number, readonly IoEvent[]>();
  /** What `quiesce` gives; a device that has none when left out. */
  quiesce: (() => Promise<void> | undefined) | undefined;
  /** What `reset` gives; it is over at once when left out. */
  reset: (() => Promise<void>) | undefined;
  opens = 0;
  isOpen = false;
  flags: number = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;

  constructor(table: FdTable, logger: Logger) {
    this.table = table;
    this.ioas = new IoAddressSpace({ logger, name: 'fake' });
    this.memory = new FakeMemory(table, 'bar', 0x20000);
    const plain = new HeapMemory().alloc('bar3', 0x1000);
    const mappable = RW | VFIO_REGION_INFO_FLAG_MMAP;
    this.regions = new Map<number, FakeRegion>([
      [0, { size: 0x200000, flags: RW, offset: 0 }],
      [1, { size: 0x8000, flags: mappable, caps: SPARSE_CAP, memory: this.memory, offset: 0x8000 }],
      [2, { size: 0x4000, flags: mappable, memory: this.memory, offset: 0 }],
      [3, { size: 0x1000, flags: mappable, memory: plain, offset: 0 }],
      [7, { size: 256, flags: RW }],
    ]);
  }

  open(): OpenDevice {
    this.#enter('open');
    if (this.isOpen) throw new Error('opened twice');
    this.isOpen = true;
    this.opens++;
    return {
      access: this.#access(),
      ioas: this.ioas,
      regionMemory: (index) => {
        const region = this.regions.get(index);
        return region?.memory && { memory: region.memory, offset: region.offset ?? 0 };
      },
      ioEvents: (index) => this.ioEvents.get(index) ?? [],
      ioEvent: (region, signal) => this.#enter(`ioEvent ${region}/${signal}`),
      quiesce: () => {
        if (this.quiesce === undefined) return undefined;
        this.#enter('quiesce');
        return this.quiesce();
      },
      close: () => {
        this.#enter('close');
        for (const signal of this.signals.values()) signal.close();
        this.signals.clear();
        this.isOpen = false;
      },
    };
  }

  #enter(op: string): void {
    this.calls.push(op);
    if (this.fail?.op !== op) return;
    const { error } = this.fail;
    this.fail = undefined;
    // oxlint-disable-next-line typescript/only-throw-error -- a driver can throw anything
    throw error;
  }

  #access(): ServedAccess {
    return {
      getInfo: (argsz = 16) => {
        this.#enter('getInfo');
        if (argsz < 16) throw new VfioError('EINVAL', 'getInfo', 'argsz');
        return { argsz: 16, flags: this.flags, numRegions: 9, numIrqs: 5 };
      },
      getRegionInfo: (index, argsz = 0xffffffff) => this.#regionInfo(index, argsz),
      getIrqInfo: (index, argsz = 16) => {
        const count = IRQ_COUNTS[index];
        if (argsz < 16 || count === undefined) throw new VfioError('EINVAL', 'getIrqInfo', 'no');
        return { argsz: 16, flags: VFIO_IRQ_INFO_EVENTFD, index, count };
      },
      setIrqs: (request) => this.#setIrqs(request),
      read: (region, offset, into) => {
        this.#enter('read');
        this.#check(region, offset, into.length);
        into.set(this.bytes.subarray(offset, offset + into.length));
        return into.length;
      },
      write: (region, offset, from) => {
        this.#enter('write');
        this.#check(region, offset, from.length);
        this.bytes.set(from, offset);
        return from.length;
      },
      reset: () => {
        this.#enter('reset');
        return this.reset?.();
      },
      feature: (request) => this.#feature(request),
      readMigrationData: (into) => {
        this.#enter('readMigrationData');
        const piece = this.stream.subarray(0, into.length);
        this.stream = this.stream.subarray(piece.length);
        into.set(piece);
        return piece.length;
      },
      writeMigrationData: (from) => {
        this.#enter('writeMigrationData');
        this.received.push(...from);
        return from.length;
      },
    };
  }

  #regionInfo(index: number, argsz: number): RegionInfo {
    if (argsz < REGION_INFO_SIZE || index > 8) throw new VfioError('EINVAL', 'regionInfo', 'no');
    const region = this.regions.get(index) ?? { size: 0, flags: 0 };
    const caps = region.caps ?? NONE;
    const needed = REGION_INFO_SIZE + caps.length;
    const fits = caps.length > 0 && argsz >= needed;
    return {
      argsz: needed,
      flags: region.flags | (caps.length > 0 ? VFIO_REGION_INFO_FLAG_CAPS : 0),
      index,
      capOffset: fits ? REGION_INFO_SIZE : 0,
      size: region.size,
      offset: region.offset ?? index * 2 ** 40,
      caps: fits ? caps : NONE,
    };
  }

  #check(index: number, offset: number, length: number): void {
    const region = this.regions.get(index);
    if (region === undefined || offset + length > region.size) {
      throw new VfioError('EINVAL', 'access', 'past the end');
    }
  }

  #setIrqs(request: IrqSetRequest): void {
    this.#enter('setIrqs');
    this.lastIrqs = request;
    const { index, start, signals = [] } = request;
    for (const [i, signal] of signals.entries()) {
      const key = `${index}/${start + i}`;
      this.signals.get(key)?.close();
      if (signal === null) this.signals.delete(key);
      else this.signals.set(key, signal);
    }
  }

  #feature(request: FeatureRequest): Uint8Array {
    const { flags, data = NONE } = request;
    const probe = (flags & VFIO_DEVICE_FEATURE_PROBE) !== 0;
    if ((flags & VFIO_DEVICE_FEATURE_MASK) === VFIO_DEVICE_FEATURE_MIGRATION && probe) {
      if (!this.migrates) throw new VfioError('ENOTTY', 'feature', 'no migration');
      return data;
    }
    this.#enter('feature');
    this.lastFeature = request;
    if ((flags & VFIO_DEVICE_FEATURE_GET) === 0 || probe) return data;
    const room = (request.argsz ?? 8 + data.length) - 8;
    if (room < this.featureReply.length) throw new VfioError('EINVAL', 'feature', 'no room');
    return this.featureReply;
  }
}
