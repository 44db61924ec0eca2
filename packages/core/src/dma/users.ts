// Concepts: who may pin in an address space, and the pins of all of them.

import { hex } from '../arguments.ts';
import { IOVA_LIMIT } from '../access.ts';
import type { LeakTracker } from '../leaks.ts';
import type { DirtySink, LogRange } from '../ops.ts';
import { checkPin } from './checks.ts';
import { type DmaUser } from './dma-user.ts';
import type { MappingTable } from './mapping-table.ts';
import { PinHolder } from './pin-holder.ts';
import { VfioError } from '../errno.ts';
import { PAGE_SIZE, VFIO_DMA_MAP_FLAG_WRITE } from '../uapi.ts';

const NONE: readonly LogRange[] = [];

/** The attached users of one address space. */
export class DmaUsers {
  readonly #table: MappingTable;
  readonly #tracker: LeakTracker | undefined;
  /** A user that has pinned nothing yet has no holder. */
  readonly #holders = new Map<DmaUser, PinHolder | undefined>();

  constructor(table: MappingTable, tracker: LeakTracker | undefined) {
    this.#table = table;
    this.#tracker = tracker;
  }

  get count(): number {
    return this.#holders.size;
  }

  has(user: DmaUser): boolean {
    return this.#holders.has(user);
  }

  [Symbol.iterator](): IterableIterator<DmaUser> {
    return this.#holders.keys();
  }

  /** @throws `EEXIST` the user is attached */
  attach(user: DmaUser): void {
    if (this.has(user)) {
      throw new VfioError('EEXIST', 'attachUser', `${user.name} is attached`);
    }
    this.#holders.set(user, undefined);
  }

  /**
   * Opposite of {@link DmaUsers.attach}.
   *
   * @param written - gets the pages that were pinned for writing
   * @returns what was still pinned
   * @throws `EINVAL` the user is not attached
   */
  detach(user: DmaUser, written: DirtySink): readonly LogRange[] {
    this.#checkAttached('detachUser', user);
    const holder = this.#holders.get(user);
    this.#holders.delete(user);
    if (holder === undefined) return NONE;
    const dropped: LogRange[] = [];
    for (const mapping of Array.from(holder.mappings)) {
      dropped.push(...holder.drop(mapping, written));
    }
    return dropped;
  }

  /** @throws as `IoAddressSpace.pin` */
  pin(user: DmaUser, iova: number, npage: number, prot: number, written: DirtySink): Uint8Array[] {
    this.#checkAttached('pinPages', user);
    const first = checkPin(user, iova, npage, prot);
    const views: Uint8Array[] = [];
    for (let page = first; page < first + npage; page++) views.push(this.#pageView(page, prot));

    const isWritable = (prot & VFIO_DMA_MAP_FLAG_WRITE) !== 0;
    const holder = this.#holderOf(user);
    const run = holder.startRun(first * PAGE_SIZE, npage);
    for (let page = first; page < first + npage; page++) {
      const mapping = this.#table.find(page * PAGE_SIZE);
      if (mapping !== undefined) holder.pin(mapping, page, isWritable, run);
    }
    if (isWritable) written.set(first * PAGE_SIZE, npage * PAGE_SIZE);
    return views;
  }

  /** Opposite of {@link DmaUsers.pin}; what is not pinned is passed over. */
  unpin(user: DmaUser, iova: number, npage: number, written: DirtySink): void {
    const holder = this.#holders.get(user);
    const first = Math.floor(iova / PAGE_SIZE);
    if (holder === undefined || !(npage > 0)) return;
    const end = Math.min((first + npage) * PAGE_SIZE, IOVA_LIMIT);
    for (const mapping of this.#table.overlapping(first * PAGE_SIZE, end)) {
      const from = Math.max(first, mapping.iova / PAGE_SIZE);
      const to = Math.min(first + npage, mapping.end / PAGE_SIZE);
      holder.unpin(mapping, from, to, written);
    }
  }

  /** Pages the user has pinned, each counted once. */
  pinnedPages(user: DmaUser): number {
    return this.#holders.get(user)?.count ?? 0;
  }

  /** Reports the pages in a range that `user`, or any user, has pinned for writing. */
  writablePins(user: DmaUser | undefined, iova: number, length: number, sink: DirtySink): void {
    for (const holder of this.#holders.values()) {
      if (user === undefined || holder?.user === user) holder?.writable(iova, length, sink);
    }
  }

  #checkAttached(op: string, user: DmaUser): void {
    if (!this.has(user)) throw new VfioError('EINVAL', op, `${user.name} is not attached`);
  }

  #holderOf(user: DmaUser): PinHolder {
    let holder = this.#holders.get(user);
    if (holder === undefined) {
      holder = new PinHolder(user, this.#tracker);
      this.#holders.set(user, holder);
    }
    return holder;
  }

  #pageView(page: number, prot: number): Uint8Array {
    const iova = page * PAGE_SIZE;
    const mapping = this.#table.find(iova);
    if (mapping === undefined) {
      throw new VfioError('EINVAL', 'pinPages', `iova ${hex(iova)} is not mapped`);
    }
    if (mapping.isLeaving) {
      throw new VfioError('EBUSY', 'pinPages', `mapping at ${hex(mapping.iova)} goes away`);
    }
    if ((prot & ~mapping.flags) !== 0) {
      throw new VfioError('EPERM', 'pinPages', `iova ${hex(iova)} does not permit ${hex(prot)}`);
    }
    const bytes = mapping.bytesAt(iova, PAGE_SIZE);
    if (bytes === undefined) {
      throw new VfioError('EFAULT', 'pinPages', `memory at ${hex(iova)} is not in this process`);
    }
    return bytes;
  }
}
