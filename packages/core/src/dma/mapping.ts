import type { LeakKind, Ticket } from '../leaks.ts';
import type { DmaBacking } from './backing.ts';
import type { PagePins, PinHolder } from './pins.ts';
import type { Transfer } from './transfer.ts';
import { hex } from './dma-user.ts';

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
  readonly pins: Map<PinHolder, PagePins>;
  /** Accesses under way that stand on this mapping. */
  readonly transfers: Set<Transfer>;
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
    this.transfers = new Set();
    this.isLeaving = false;
  }

  get size(): number {
    return this.end - this.iova;
  }

  describe(): string {
    return `${this.#space}: ${this.backing.kind} mapping of ${hex(this.size)} bytes at ${hex(this.iova)}`;
  }
}
