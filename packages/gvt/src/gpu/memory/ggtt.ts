// The global graphics translation table: 8 bytes for each page of 4 GiB. https://01.org/linuxgraphics, Kaby Lake PRM,
// volume 5 "Memory Views", Global GTT.
//
// Bit 0 present, bits 38:12 the guest physical address of the page. Each vGPU has a table of its own, so that what the
// guest writes is what is in it and no address has to be moved. A guest may have a part of it mapped and change it while
// it is walked: each word of an entry is read once, and whatever comes of it is an address of that guest's memory.

import type { GraphicsRange, GuestMemory, SharedTable } from '../gpu.ts';
import { NOTHING, PAGE_SIZE, PagedMemory, WRITABLE, type FaultSink } from './paged-memory.ts';

const ENTRIES = 1024 * 1024;
const ENTRY_SIZE = 8;
/** Bytes: the entries of 4 GiB. */
export const TABLE_SIZE: number = ENTRIES * ENTRY_SIZE;
const PRESENT = 1;
const LOW_ADDRESS = 0xffff_f000;
const HIGH_ADDRESS = 0x7f;

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Uint32Array(0);

/** The table of one vGPU, and the space it makes. */
export class Ggtt extends PagedMemory {
  readonly #windows: readonly GraphicsRange[];
  readonly #table: Pick<SharedTable, 'bytes'>;
  readonly #shared: GraphicsRange | undefined;
  #bytes: Uint8Array = NO_BYTES;
  #entries: Uint32Array = NO_WORDS;
  /** The word of which the other half of the entry has not come yet; what was there before stays in effect. */
  #half = -1;
  #oldLow = 0;
  #oldHigh = 0;

  /**
   * @param windows - what the vGPU has; entries for other addresses are not stored
   * @param shared - memory of the table, where the guest has some of it mapped
   */
  constructor(
    guest: GuestMemory,
    faults: FaultSink,
    windows: readonly GraphicsRange[],
    shared?: SharedTable,
  ) {
    super(guest, faults);
    this.#windows = windows;
    this.#table = shared ?? { bytes: new Uint8Array(TABLE_SIZE) };
    this.#shared = shared?.range;
    this.#find();
  }

  /** @param offset - bytes from the start of the table, inside it, a multiple of the length */
  readEntries(offset: number, into: Uint8Array): void {
    this.#find();
    if (this.#owns(pageOf(offset))) into.set(this.#bytes.subarray(offset, offset + into.length));
    else into.fill(0);
  }

  /**
   * Stores an entry, or part of one. Two halves of four bytes take effect together, except where the guest has entries
   * mapped: nobody knows there when the other half comes.
   *
   * @param offset - bytes from the start of the table, inside it, a multiple of the length
   */
  writeEntries(offset: number, from: Uint8Array): void {
    const page = pageOf(offset);
    if (!this.#owns(page)) return;
    this.#find();
    if (from.length === 4 && !isIn(this.#shared, page)) this.#halfComes(offset >>> 2);
    else if (this.#half >>> 1 === page) this.#half = -1;
    this.#bytes.set(from, offset);
  }

  /** Empties the table. */
  clear(): void {
    this.renew();
    for (const { base, size } of this.#windows) {
      this.#entries.fill(0, (base / PAGE_SIZE) * 2, ((base + size) / PAGE_SIZE) * 2);
    }
    this.#half = -1;
  }

  override renew(): void {
    super.renew();
    this.#find();
  }

  protected override translate(page: number): number {
    if (!this.#owns(page)) return NOTHING;
    const isHalf = this.#half >= 0 && this.#half >>> 1 === page;
    const low = isHalf ? this.#oldLow : (this.#entries[page * 2] ?? 0);
    const high = isHalf ? this.#oldHigh : (this.#entries[page * 2 + 1] ?? 0);
    if ((low & PRESENT) === 0) return NOTHING;
    return (high & HIGH_ADDRESS) * 0x1_0000_0000 + ((low & LOW_ADDRESS) >>> 0) + WRITABLE;
  }

  /** The table's memory as it is now; empty once it is closed. */
  #find(): void {
    const { bytes } = this.#table;
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#entries =
      bytes.length === TABLE_SIZE
        ? new Uint32Array(bytes.buffer, bytes.byteOffset, ENTRIES * 2)
        : NO_WORDS;
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

  #owns(page: number): boolean {
    for (const window of this.#windows) if (isIn(window, page)) return true;
    return false;
  }
}

function pageOf(offset: number): number {
  return Math.floor(offset / ENTRY_SIZE);
}

function isIn(range: GraphicsRange | undefined, page: number): boolean {
  if (range === undefined) return false;
  const address = page * PAGE_SIZE;
  return address >= range.base && address < range.base + range.size;
}
