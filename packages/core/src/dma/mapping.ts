// Concepts: a mapping knows who stands on it, so that an unmap reaches them: users with pins, and accesses under
// way. It sees of them what an unmap has to do, no more.

import { hex } from '../arguments.ts';
import type { LeakKind, Ticket } from '../leaks.ts';
import type { DirtySink, LogRange } from '../ops.ts';
import type { DmaBacking } from './backing.ts';
import { type DmaUser } from './dma-user.ts';
import type { PagePins } from './page-pins.ts';

/** Who has pins in a mapping. */
export interface Pinner {
  readonly user: DmaUser;
  /**
   * Drops every pin in a mapping, whatever its count.
   *
   * @param written - gets the pages that were writable
   * @returns what was pinned, neighbours joined
   */
  drop(mapping: Mapping, written: DirtySink): readonly LogRange[];
}

/** An access that takes its time. */
export interface PendingAccess {
  /** Ends the access: `mapping` goes away. */
  cancel(mapping: Mapping): void;
}

/** One range of an I/O address space and what stands behind it. Counterpart of `struct vfio_dma`. */
export class Mapping implements Ticket {
  readonly kind: LeakKind = 'dma-mapping';
  /** Bytes; a multiple of the page size. */
  readonly iova: number;
  /** First address past the mapping. */
  readonly end: number;
  /** `VFIO_DMA_MAP_FLAG_READ` and `_WRITE`. */
  readonly flags: number;
  readonly backing: DmaBacking;
  /** Pinned pages of each user that has some here. */
  readonly pins: Map<Pinner, PagePins>;
  /** Accesses under way that stand on this mapping. */
  readonly accesses: Set<PendingAccess>;
  /** An unmap has begun, or is over: what is pinned may only be unpinned. */
  isLeaving: boolean;
  stack?: string;
  readonly #space: string;

  constructor(space: string, iova: number, size: number, flags: number, backing: DmaBacking) {
    this.#space = space;
    this.iova = iova;
    this.end = iova + size;
    this.flags = flags;
    this.backing = backing;
    this.pins = new Map();
    this.accesses = new Set();
    this.isLeaving = false;
  }

  get size(): number {
    return this.end - this.iova;
  }

  /** The bytes of a range that lies in the mapping, where they are in this process. */
  bytesAt(iova: number, length: number): Uint8Array | undefined {
    const offset = iova - this.iova;
    const bytes = this.backing.kind === 'mapped' ? this.backing.bytes : undefined;
    if (bytes === undefined || bytes.length < offset + length) return undefined;
    return bytes.subarray(offset, offset + length);
  }

  describe(): string {
    return `${this.#space}: ${this.backing.kind} mapping of ${hex(this.size)} bytes at ${hex(this.iova)}`;
  }
}
