// The global graphics translation table: 8 bytes for each page of 4 GiB. https://01.org/linuxgraphics, Kaby Lake PRM,
// volume 5 "Memory Views", Global GTT.
//
// Bit 0 present, bits 38:12 the guest physical address of the page. Each vGPU has a table of its own, so that what the
// guest writes is what is in it and no address has to be moved.

import type { GraphicsRange, GuestMemory } from '../gpu.ts';
import { NOTHING, PAGE_SIZE, PagedMemory, WRITABLE, type FaultSink } from './paged-memory.ts';

/** Entries: 8 MiB of them stand for 4 GiB. */
const ENTRIES = 1024 * 1024;
const PRESENT = 1;
const LOW_ADDRESS = 0xffff_f000;
const HIGH_ADDRESS = 0x7f;

/** The table of one vGPU, and the space it makes. */
export class Ggtt extends PagedMemory {
  readonly #entries = new Uint32Array(ENTRIES * 2);
  readonly #bytes = new Uint8Array(this.#entries.buffer);
  readonly #windows: readonly GraphicsRange[];
  /** The word of which the other half of the entry has not come yet; what was there before stays in effect. */
  #half = -1;
  #oldLow = 0;
  #oldHigh = 0;

  /** @param windows - what the vGPU has; entries for other addresses are not stored */
  constructor(guest: GuestMemory, faults: FaultSink, windows: readonly GraphicsRange[]) {
    super(guest, faults);
    this.#windows = windows;
  }

  /** @param offset - bytes from the start of the table, inside it */
  readEntries(offset: number, into: Uint8Array): void {
    into.set(this.#bytes.subarray(offset, offset + into.length));
  }

  /**
   * Stores an entry, or part of one. Two halves of four bytes take effect together.
   *
   * @param offset - bytes from the start of the table, inside it, a multiple of the length
   */
  writeEntries(offset: number, from: Uint8Array): void {
    const index = offset >>> 3;
    if (!this.#owns(index * PAGE_SIZE)) return;
    if (from.length === 4) this.#halfComes(offset >>> 2);
    else if (this.#half >>> 1 === index) this.#half = -1;
    this.#bytes.set(from, offset);
  }

  /** Empties the table. */
  clear(): void {
    this.#entries.fill(0);
    this.#half = -1;
    this.renew();
  }

  protected override translate(page: number): number {
    if (page >= ENTRIES || page < 0) return NOTHING;
    const isHalf = this.#half >= 0 && this.#half >>> 1 === page;
    const low = isHalf ? this.#oldLow : (this.#entries[page * 2] ?? 0);
    const high = isHalf ? this.#oldHigh : (this.#entries[page * 2 + 1] ?? 0);
    if ((low & PRESENT) === 0) return NOTHING;
    return (high & HIGH_ADDRESS) * 0x1_0000_0000 + ((low & LOW_ADDRESS) >>> 0) + WRITABLE;
  }

  #halfComes(word: number): void {
    if (this.#half === (word ^ 1)) {
      this.#half = -1;
    } else if (this.#half !== word) {
      this.#half = word;
      this.#oldLow = this.#entries[word & ~1] ?? 0;
      this.#oldHigh = this.#entries[word | 1] ?? 0;
    }
  }

  #owns(address: number): boolean {
    for (const { base, size } of this.#windows) {
      if (address >= base && address < base + size) return true;
    }
    return false;
  }
}
