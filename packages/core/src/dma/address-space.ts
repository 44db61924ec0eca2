// Concepts: guest memory as devices see it, from the map calls of the guest's owner (VMM, client, test) to the
// accesses of the devices. It knows devices only as users that pin pages and want to be told when these go away.

import { hex } from '../arguments.ts';
import type { DmaUnmapReply, DmaUnmapRequest } from '../access.ts';
import type { Logger } from '../host.ts';
import type { LeakTracker } from '../leaks.ts';
import type { DirtySink, LogRange } from '../ops.ts';
import { checkMap, checkUnmap, type Span } from './checks.ts';
import { DirtyTracking } from './dirty-tracking.ts';
import { type DmaUser } from './dma-user.ts';
import { askToUnpin, dropPins, revoke } from './eviction.ts';
import { IovaBitmap } from './iova-bitmap.ts';
import type { IoMapRange, IoMapRequest } from './map-request.ts';
import { MappingTable } from './mapping-table.ts';
import { Mapping } from './mapping.ts';
import { DmaUsers } from './users.ts';
import { rwNow, segmentsOf, Transfer } from './transfer.ts';
import { VfioError } from '../errno.ts';
import {
  PAGE_SIZE,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_DMA_UNMAP_FLAG_ALL,
  VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
} from '../uapi.ts';

export type { DmaUser } from './dma-user.ts';

/** Mappings an address space can have; `dma_entry_limit` of the kernel's type1 driver. */
export const DMA_ENTRY_LIMIT = 65535;

/** How an address space is set up. */
export interface IoAddressSpaceOptions {
  readonly logger: Logger;
  /** For log lines and leak lists. */
  readonly name: string;
  /** Where mappings and pins are noted while they live. @internal */
  readonly tracker?: LeakTracker;
  /** {@link DMA_ENTRY_LIMIT} when left out. */
  readonly maxMappings?: number;
}

/** One I/O address space. Counterpart of `struct vfio_iommu` of the type1 driver. */
export class IoAddressSpace {
  readonly name: string;
  readonly logger: Logger;
  readonly #tracker: LeakTracker | undefined;
  readonly #maxMappings: number;
  readonly #table = new MappingTable();
  readonly #users: DmaUsers;
  readonly #dirty: DirtyTracking;
  readonly #leaving: Span[] = [];

  constructor(options: IoAddressSpaceOptions) {
    this.name = options.name;
    this.logger = options.logger;
    this.#tracker = options.tracker;
    this.#maxMappings = options.maxMappings ?? DMA_ENTRY_LIMIT;
    this.#users = new DmaUsers(this.#table, options.tracker);
    this.#dirty = new DirtyTracking(options.name, options.logger);
  }

  /** Mappings there are. */
  get mappingCount(): number {
    return this.#table.count;
  }

  /** All mappings in order of their addresses. */
  mappings(): IoMapRequest[] {
    return Array.from(this.#table, ({ iova, size, flags, backing }) => ({
      iova,
      size,
      flags,
      backing,
    }));
  }

  /**
   * Tells whether a map would be accepted, before a backing is made for it.
   *
   * @throws `EINVAL`, `EEXIST`, `ENOSPC`, `EBUSY` as {@link IoAddressSpace.map}
   */
  checkMap(range: IoMapRange): void {
    checkMap(range);
    const { iova, size } = range;
    this.#checkNotLeaving('mapDma', { start: iova, end: iova + size });
    if (this.#table.overlaps(iova, iova + size)) {
      throw new VfioError('EEXIST', 'mapDma', `${hex(size)} bytes at ${hex(iova)} are mapped`);
    }
    if (this.#table.count >= this.#maxMappings) {
      throw new VfioError('ENOSPC', 'mapDma', `there are ${this.#table.count} mappings`);
    }
  }

  /**
   * Makes guest memory reachable. The backing is the address space's until the unmap revokes it; after an
   * error it is still the caller's.
   *
   * @throws `EINVAL` unknown flags, neither READ nor WRITE, size 0, not page aligned, past {@link IOVA_LIMIT},
   * mapped backing shorter than the range
   * @throws `EEXIST` overlaps a mapping; `ENOSPC` too many mappings; `EBUSY` an unmap of the range is under way
   */
  map({ iova, size, flags, backing }: IoMapRequest): void {
    this.checkMap({ iova, size, flags });
    if (backing.kind === 'mapped' && backing.bytes.length < size) {
      const fact = `backing has ${hex(backing.bytes.length)} bytes of ${hex(size)}`;
      throw new VfioError('EINVAL', 'mapDma', fact);
    }
    const mapping = new Mapping(this.name, iova, size, flags, backing);
    this.#table.insert(mapping);
    this.#tracker?.add(mapping);
  }

  /**
   * Opposite of {@link IoAddressSpace.map}, for all mappings inside the range; returns when no user can reach
   * their memory any more.
   *
   * @throws `EINVAL` unknown flags, size 0, not page aligned, a mapping cut in two, `ALL` with a range or with
   * `GET_DIRTY_BITMAP`, `GET_DIRTY_BITMAP` while tracking is off or with another page size
   * @throws `EBUSY` an unmap in the range is under way, `VADDR` while users are attached
   */
  unmap(request: DmaUnmapRequest): DmaUnmapReply {
    const range = checkUnmap(request, this.#dirty.pageSize, this.#users.count > 0);
    const { start, end } = range;
    const { flags = 0, pageSize = PAGE_SIZE } = request;
    this.#checkNotLeaving('unmapDma', range);
    const mappings = this.#table.overlapping(start, end);
    if ((mappings[0]?.iova ?? start) < start || (mappings.at(-1)?.end ?? end) > end) {
      throw new VfioError('EINVAL', 'unmapDma', `range at ${hex(start)} cuts a mapping in two`);
    }
    const bitmap =
      (flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP) === 0
        ? undefined
        : new IovaBitmap(start, end - start, pageSize);

    for (const mapping of mappings) mapping.isLeaving = true;
    this.#leaving.push(range);
    for (const mapping of mappings) askToUnpin(mapping, this.#users, this);
    for (const mapping of mappings) dropPins(mapping, (user) => this.#dirty.sinkOf(user), this);
    // Must follow the unpins, which mark what was writable.
    this.#dirty.collect(start, end - start, bitmap);

    // Must precede revoke: nothing may find a mapping whose memory is gone.
    this.#table.remove(start, end);
    this.#leaving.splice(this.#leaving.indexOf(range), 1);
    let size = 0;
    for (const mapping of mappings) {
      size += mapping.size;
      this.#tracker?.remove(mapping);
      revoke(mapping, this);
    }
    return bitmap === undefined ? { size } : { size, bitmap: bitmap.bytes };
  }

  /** Unmaps everything; what an unmap under way has begun with is left to it. */
  clear(): void {
    if (this.#leaving.length === 0) {
      this.unmap({ iova: 0, size: 0, flags: VFIO_DMA_UNMAP_FLAG_ALL });
      return;
    }
    for (const mapping of Array.from(this.#table)) {
      if (!mapping.isLeaving) this.unmap({ iova: mapping.iova, size: mapping.size });
    }
  }

  /** @throws `EEXIST` the user is attached */
  attachUser(user: DmaUser): void {
    this.#users.attach(user);
  }

  /**
   * Opposite of {@link IoAddressSpace.attachUser}. Pins the user still has are dropped and logged.
   *
   * @returns what was still pinned
   * @throws `EINVAL` the user is not attached
   */
  detachUser(user: DmaUser): readonly LogRange[] {
    const dropped = this.#users.detach(user, this.#dirty.sinkOf(user));
    for (const { iova, length } of dropped) {
      const fact = `${user.name} detached with ${hex(length)} bytes at ${hex(iova)} pinned`;
      this.logger.log('error', this.name, () => fact);
    }
    return dropped;
  }

  /**
   * Pins pages: until they are unpinned, an unmap tells the user first. A page pinned twice needs two
   * {@link IoAddressSpace.unpin}. Counterpart of `vfio_pin_pages()`.
   *
   * @param iova - rounded down to a page
   * @param prot - `VFIO_DMA_MAP_FLAG_READ` and `_WRITE`: how the user will access the pages
   * @returns a view of each page; empty once the memory is revoked
   * @throws `EINVAL` npage 0, user not attached or without `dmaUnmap`, no `prot`, not mapped
   * @throws `E2BIG` more than `PIN_PAGES_MAX` pages; `EOVERFLOW` past {@link IOVA_LIMIT}
   * @throws `EPERM` `prot` exceeds the mapping's; `EFAULT` memory not mapped into this process; `EBUSY` an
   * unmap of the range is under way
   */
  pin(user: DmaUser, iova: number, npage: number, prot: number): Uint8Array[] {
    return this.#users.pin(user, iova, npage, prot, this.#dirty.sinkOf(user));
  }

  /**
   * Opposite of {@link IoAddressSpace.pin}; pages the user has not pinned are passed over. Counterpart of
   * `vfio_unpin_pages()`.
   */
  unpin(user: DmaUser, iova: number, npage: number): void {
    this.#users.unpin(user, iova, npage, this.#dirty.sinkOf(user));
  }

  /** Pages a user has pinned, each counted once; 0 for a user that is not attached. */
  pinnedPages(user: DmaUser): number {
    return this.#users.pinnedPages(user);
  }

  /** Reports the pages in a range that a user has pinned for writing. */
  writablePins(user: DmaUser, iova: number, length: number, sink: DirtySink): void {
    this.#users.writablePins(user, iova, length, sink);
  }

  /**
   * Copies between `buf` and guest memory. The whole range is checked before the first byte moves.
   * Counterpart of `vfio_dma_rw()`.
   *
   * @param write - true: `buf` goes to the guest
   * @param user - who accesses, for its own dirty log
   * @throws `EINVAL` length 0 or not mapped; `EPERM`; `EFAULT` memory behind the mapping is gone
   * @throws `EOPNOTSUPP` guest memory is not shared; {@link IoAddressSpace.rwAsync} reaches it
   */
  rw(iova: number, buf: Uint8Array, write: boolean, user?: DmaUser): void {
    rwNow(this.#table, iova, buf, write);
    if (write) this.#dirty.wrote(iova, buf.length, user);
  }

  /**
   * {@link IoAddressSpace.rw} for guest memory of every kind. An unmap of the range ends it with an error;
   * `buf` is the caller's again as soon as the promise is settled.
   *
   * @throws `EINVAL`, `EPERM`, `EFAULT` as `rw`; `ECANCELED` the range was unmapped meanwhile; what the owner
   * of the memory answers
   */
  async rwAsync(iova: number, buf: Uint8Array, write: boolean, user?: DmaUser): Promise<void> {
    const segments = segmentsOf(this.#table, iova, buf, write);
    // Marked before and after: a report in between clears the mark, an unmap in between needs it.
    if (write) this.#dirty.wrote(iova, buf.length, user);
    try {
      await new Transfer(segments).run(write);
    } finally {
      if (write) this.#dirty.wrote(iova, buf.length, user);
    }
  }

  /**
   * Guest memory itself, where the range lies in one mapping that is mapped into this process and permits
   * `prot`. Good until control returns to the event loop; what is to stay longer has to be pinned.
   */
  view(iova: number, length: number, prot: number, user?: DmaUser): Uint8Array | undefined {
    const mapping = this.#table.find(iova);
    if (mapping === undefined || length <= 0 || iova + length > mapping.end) return undefined;
    if ((prot & ~mapping.flags) !== 0) return undefined;
    const bytes = mapping.bytesAt(iova, length);
    const isWritten = bytes !== undefined && (prot & VFIO_DMA_MAP_FLAG_WRITE) !== 0;
    if (isWritten) this.#dirty.wrote(iova, length, user);
    return bytes;
  }

  /**
   * Begins to note which pages devices write. Again with the same page size it does nothing.
   *
   * @param pageSize - bytes
   * @throws `EINVAL` below {@link PAGE_SIZE}, not a power of two, or on with another page size
   */
  startDirtyTracking(pageSize: number): void {
    this.#dirty.start(pageSize);
  }

  /** Opposite of {@link IoAddressSpace.startDirtyTracking}; forgets what was noted. */
  stopDirtyTracking(): void {
    this.#dirty.stop();
  }

  /**
   * Reports and clears what devices wrote in a range; pages pinned for writing are in every report.
   *
   * @param pageSize - bytes for each bit, any power of two
   * @returns the bitmap, see {@link IovaBitmap}
   * @throws `EINVAL` tracking is off, length 0, past {@link IOVA_LIMIT}, bad page size
   */
  readDirty(iova: number, length: number, pageSize: number): Uint8Array {
    const bitmap = this.#dirty.read(iova, length, pageSize);
    this.#users.writablePins(undefined, iova, length, bitmap);
    return bitmap.bytes;
  }

  #checkNotLeaving(op: string, { start, end }: Span): void {
    if (this.#leaving.some((span) => span.start < end && start < span.end)) {
      throw new VfioError('EBUSY', op, `an unmap at ${hex(start)} is under way`);
    }
  }
}
