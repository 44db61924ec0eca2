// Graphics addresses of one process: tables of 512 entries of 8 bytes in the guest's memory. Kaby Lake PRM, volume 5
// "Memory Views", Per-Process GTT.
//
// 48 bits and four levels, or 32 bits and four directories given one by one. Pages of 4 KiB, of 64 KiB (bit 11 of a
// directory's entry: one entry out of 16 counts), of 2 MiB (bit 7 of a directory's entry) and of 1 GiB (bit 7 one level
// up). No shadow is kept: the tables are read when an address is needed.

import { NOTHING, PAGE_SIZE, PagedMemory, WRITABLE, wordsOver } from './paged-memory.ts';

const PRESENT = 1;
const READ_WRITE = 2;
const LARGE = 1 << 7;
const PAGES_OF_64K = 1 << 11;
const LOW_ADDRESS = 0xffff_f000;
const HIGH_ADDRESS = 0x7f;
const INDEX_MASK = 511;
const PAGES_PER_2M = 512;
const PAGES_PER_1G = 512 * 512;
const PAGES_PER_512G = 512 * 512 * 512;
/** Pages of a space of 48 bits. */
const PAGES = 512 * PAGES_PER_512G;
const TABLES = 64;
const TABLE_MASK = TABLES - 1;

/** The space of one context. One object serves an engine for all contexts: see {@link Ppgtt.use4Levels}. */
export class Ppgtt extends PagedMemory {
  #root = NOTHING;
  readonly #directories = new Float64Array(4).fill(NOTHING);
  readonly #tags = new Float64Array(TABLES).fill(NOTHING);
  readonly #tables: (Int32Array | undefined)[] = Array.from({ length: TABLES }, () => undefined);
  readonly #scratch = new Int32Array(2);
  readonly #scratchBytes = new Uint8Array(this.#scratch.buffer);
  #low = 0;

  /** From now on this is the space below a PML4. @param root - guest physical address, bits 11:0 ignored */
  use4Levels(root: number): void {
    this.#root = root - (root % PAGE_SIZE);
    this.renew();
  }

  /** From now on this is a space of 4 GiB. @param directories - guest physical addresses of the directories */
  use3Levels(directories: Float64Array): void {
    this.#root = NOTHING;
    for (let i = 0; i < 4; i++) {
      const address = directories[i] ?? NOTHING;
      this.#directories[i] = address - (address % PAGE_SIZE);
    }
    this.renew();
  }

  override renew(): void {
    super.renew();
    this.#tags.fill(NOTHING);
  }

  protected override translate(page: number): number {
    const directory = this.#directoryOf(page);
    if (directory === NOTHING) return NOTHING;
    if ((this.#low & LARGE) !== 0) return large(directory, page, PAGES_PER_1G, this.#low);
    const pde = this.#entry(directory, Math.floor(page / PAGES_PER_2M) & INDEX_MASK);
    if (pde === NOTHING) return NOTHING;
    const pdeLow = this.#low;
    if ((pdeLow & LARGE) !== 0) return large(pde, page, PAGES_PER_2M, pdeLow);
    const isBig = (pdeLow & PAGES_OF_64K) !== 0;
    const pte = this.#entry(pde, isBig ? page & INDEX_MASK & ~15 : page & INDEX_MASK);
    if (pte === NOTHING) return NOTHING;
    const writable = (pdeLow & this.#low & READ_WRITE) === 0 ? 0 : WRITABLE;
    const frame = isBig ? pte - (pte % (16 * PAGE_SIZE)) + (page & 15) * PAGE_SIZE : pte;
    return frame + writable;
  }

  /** Address of the directory of a page, or of the page of 1 GiB in its place; `#low` tells. */
  #directoryOf(page: number): number {
    if (page < 0 || page >= PAGES) return NOTHING;
    if (this.#root !== NOTHING) {
      const pointers = this.#entry(this.#root, Math.floor(page / PAGES_PER_512G));
      if (pointers === NOTHING) return NOTHING;
      return this.#entry(pointers, Math.floor(page / PAGES_PER_1G) & INDEX_MASK);
    }
    this.#low = 0;
    const index = Math.floor(page / PAGES_PER_1G);
    return index < 4 ? (this.#directories[index] ?? NOTHING) : NOTHING;
  }

  /** Address in an entry, its low word in `#low`; {@link NOTHING} where it is not present. */
  #entry(table: number, index: number): number {
    const words = this.#table(table);
    let low = 0;
    let high = 0;
    if (words !== undefined) {
      low = words[index * 2] ?? 0;
      high = words[index * 2 + 1] ?? 0;
    } else if (this.#readEntry(table + index * 8)) {
      low = this.#scratch[0] ?? 0;
      high = this.#scratch[1] ?? 0;
    }
    this.#low = low;
    if ((low & PRESENT) === 0) return NOTHING;
    return (high & HIGH_ADDRESS) * 0x1_0000_0000 + ((low & LOW_ADDRESS) >>> 0);
  }

  #table(table: number): Int32Array | undefined {
    const slot = Math.floor(table / PAGE_SIZE) & TABLE_MASK;
    if (this.#tags[slot] !== table) {
      const bytes = this.guest.view(table, PAGE_SIZE);
      this.#tables[slot] = bytes === undefined ? undefined : wordsOver(bytes);
      this.#tags[slot] = table;
    }
    return this.#tables[slot];
  }

  #readEntry(address: number): boolean {
    try {
      this.guest.read(address, this.#scratchBytes);
      return true;
    } catch {
      return false;
    }
  }
}

/** A page inside a large one. */
function large(entry: number, page: number, pages: number, low: number): number {
  const base = entry - (entry % (pages * PAGE_SIZE));
  const writable = (low & READ_WRITE) === 0 ? 0 : WRITABLE;
  return base + (page % pages) * PAGE_SIZE + writable;
}
