// The regions of one device: what each index is, and what GET_REGION_INFO says of it.

import type { RegionInfo } from '../access.ts';
import { runAll } from '../cleanup.ts';
import { VfioError } from '../errno.ts';
import type { SharedMemory } from '../host.ts';
import { VFIO_REGION_INFO_FLAG_CAPS, VFIO_REGION_INFO_FLAG_MMAP } from '../uapi.ts';
import {
  encodeInfoCaps,
  msixMappableCap,
  REGION_INFO_SIZE,
  sparseMmapCap,
  typeCap,
} from './caps.ts';
import { ioEvent, type IoEvent, type IoEventDefinition } from './io-event.ts';
import { checkRegionDefinition, type RegionDefinition, type SparseArea } from './definition.ts';

const NO_CAPS = new Uint8Array(0);

/** A region that has been set up. */
export interface Region {
  readonly index: number;
  readonly size: number;
  /** `VFIO_REGION_INFO_FLAG_READ`, `_WRITE`, `_MMAP`. */
  readonly flags: number;
  /** Where it starts in the device's file. */
  readonly offset: number;
  readonly memory: SharedMemory | undefined;
  readonly memoryOffset: number;
  readonly sparse: readonly SparseArea[] | undefined;
  /** The encoded capability chain. */
  readonly caps: Uint8Array;
}

/** A device's regions by index. */
export class RegionTable {
  readonly #base: number;
  readonly #regions = new Map<number, Region>();
  readonly #ioEvents = new Map<number, IoEvent[]>();

  /** @param base - indexes below this exist even when nothing is set up there (9 for PCI) */
  constructor(base: number) {
    this.#base = base;
  }

  /** Number of indexes a user should ask for: the base and what follows it without a hole. */
  get count(): number {
    let count = this.#base;
    while (this.#regions.has(count)) count++;
    return count;
  }

  /** @throws `EINVAL` definition not consistent; `EBUSY` index set up before */
  setup(index: number, definition: RegionDefinition): void {
    checkRegionDefinition(index, definition);
    if (this.#regions.has(index)) {
      throw new VfioError('EBUSY', 'setupRegion', `region ${index} is set up already`);
    }
    const { size, flags, memory } = definition;
    // The capability is encoded now: what the driver does to its list later must not count.
    const sparse = definition.sparse?.map((area) => ({ offset: area.offset, size: area.size }));
    const caps = [
      ...(sparse === undefined ? [] : [sparseMmapCap(sparse)]),
      ...(definition.type === undefined ? [] : [typeCap(definition.type)]),
      ...(definition.msixMappable === true ? [msixMappableCap()] : []),
    ];
    this.#regions.set(index, {
      index,
      size,
      flags,
      offset: definition.offset ?? index * 2 ** 40,
      memory,
      memoryOffset: definition.memoryOffset ?? 0,
      sparse,
      caps: caps.length === 0 ? NO_CAPS : encodeInfoCaps(caps, REGION_INFO_SIZE),
    });
  }

  /** Adds a place whose writes become signals. @throws `EINVAL` no such region, definition not consistent */
  setupIoEvent(index: number, definition: IoEventDefinition): void {
    const region = this.#regions.get(index);
    if (region === undefined) {
      throw new VfioError('EINVAL', 'setupIoEventFd', `no region ${String(index)}`);
    }
    this.#ioEvents.getOrInsertComputed(index, () => []).push(ioEvent(region, definition));
  }

  /**
   * The places of a region whose writes become signals, in the order they were set up in.
   *
   * @throws `EINVAL` no region is set up there
   */
  ioEvents(index: number): readonly IoEvent[] {
    if (!this.#regions.has(index)) {
      throw new VfioError('EINVAL', 'ioEvents', `no region ${String(index)}`);
    }
    return this.#ioEvents.get(index) ?? [];
  }

  /** The region at `index`, if one is set up there. */
  get(index: number): Region | undefined {
    return this.#regions.get(index);
  }

  /**
   * Answer to `VFIO_DEVICE_GET_REGION_INFO`.
   *
   * @throws `EINVAL` argsz below 32, no such index
   */
  info(index: number, argsz: number): RegionInfo {
    if (!(argsz >= REGION_INFO_SIZE)) {
      throw new VfioError('EINVAL', 'getRegionInfo', `argsz ${argsz} is below ${REGION_INFO_SIZE}`);
    }
    const region = this.#regions.get(index);
    if (region === undefined) {
      if (!(Number.isInteger(index) && index >= 0 && index < this.#base)) {
        throw new VfioError('EINVAL', 'getRegionInfo', `no region ${index}`);
      }
      const none = { argsz: REGION_INFO_SIZE, flags: 0, capOffset: 0, size: 0, offset: 0 };
      return { ...none, index, caps: NO_CAPS };
    }
    const { size, offset, caps } = region;
    const needed = REGION_INFO_SIZE + caps.length;
    const fits = caps.length > 0 && argsz >= needed;
    return {
      argsz: needed,
      flags: region.flags | (caps.length > 0 ? VFIO_REGION_INFO_FLAG_CAPS : 0),
      index,
      capOffset: fits ? REGION_INFO_SIZE : 0,
      size,
      offset,
      caps: fits ? caps.slice() : NO_CAPS,
    };
  }

  /**
   * Gives the memory behind the regions back; views over it have length 0 from then on.
   *
   * @throws what a `close` throws, after all of them
   */
  closeMemory(): void {
    const memories = new Set(Array.from(this.#regions.values(), (region) => region.memory));
    const closes = Array.from(memories, (memory) => () => memory?.close());
    const failure = runAll(closes, this);
    if (failure !== undefined) throw failure.error;
  }
}

/** Tells whether `[offset, offset + length)` can be mapped: inside the region and inside one sparse area. */
export function isMappable(region: Region, offset: number, length: number): boolean {
  if ((region.flags & VFIO_REGION_INFO_FLAG_MMAP) === 0) return false;
  const areas = region.sparse ?? [{ offset: 0, size: region.size }];
  return areas.some((area) => offset >= area.offset && offset + length <= area.offset + area.size);
}
