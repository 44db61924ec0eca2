// Graphics addresses of one process: tables of 512 entries of 8 bytes in the guest's memory. Kaby Lake PRM, volume 5
// "Memory Views", Per-Process GTT.
//
// 48 bits and four levels, or 32 bits and four directories given one by one. Pages of 4 KiB, of 64 KiB (bit 11 of a
// directory's entry: one entry out of 16 counts), of 2 MiB (bit 7 of a directory's entry) and of 1 GiB (bit 7 one level
// up). No shadow is kept: the tables are read when an address is needed.

import { CHUNK_SIZE } from './chunks.ts';
import { NOTHING, PAGE_SIZE, PagedMemory, WRITABLE } from './paged-memory.ts';

const PRESENT = 1;
const READ_WRITE = 2;
const LARGE = 1 << 7;
const PAGES_OF_64K = 1 << 11;
const LOW_ADDRESS = 0xffff_f000;
const HIGH_ADDRESS = 0x7f;
const INDEX_MASK = 511;
const OFFSET_MASK_64K = 16 * PAGE_SIZE - 1;
const CHUNK_MASK = CHUNK_SIZE - 1;
const PAGES_PER_2M = 512;
const PAGES_PER_1G = 512 * 512;
const PAGES_PER_512G = 512 * 512 * 512;
/** Pages of a space of 48 bits. */
const PAGES = 512 * PAGES_PER_512G;
/** What stands for a group of 512 pages. */
const Kind = { nothing: 0, table: 1, page: 2 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];

/** What the tables say of 512 pages. */
class Group {
  /** Page / 512. */
  tag: number = NOTHING;
  kind: Kind = Kind.nothing;
  /** The group's table, or its first page. */
  address: number = NOTHING;
  /** {@link WRITABLE}, as far as what is above says. */
  writable = 0;
  isOf64K = false;
  /** The table, where it is mapped. */
  words: Int32Array | undefined = undefined;
  wordsAt = 0;
}

/** Groups that are remembered: of a source, a destination, and of commands. */
const GROUPS = 4;

/** The space of one context. One object serves an engine for all contexts: see {@link Ppgtt.use4Levels}. */
export class Ppgtt extends PagedMemory {
  #root = NOTHING;
  readonly #directories = new Float64Array(4).fill(NOTHING);
  readonly #groups: readonly Group[] = Array.from({ length: GROUPS }, () => new Group());
  /** Of the page that was looked up last. */
  #group: Group = this.#groups[0] ?? new Group();
  /** The next one that is given up. */
  #oldest = 0;
  readonly #scratch = new Int32Array(2);
  readonly #scratchBytes = new Uint8Array(this.#scratch.buffer);
  /** Of the entry that was read last. */
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
    for (const group of this.#groups) {
      group.tag = NOTHING;
      group.words = undefined;
    }
  }

  protected override translate(page: number): number {
    if (page < 0 || page >= PAGES) return NOTHING;
    const tag = Math.floor(page / PAGES_PER_2M);
    const group = this.#group.tag === tag ? this.#group : this.#find(tag, page);
    if (group.kind === Kind.nothing) return NOTHING;
    const index = page & INDEX_MASK;
    if (group.kind === Kind.page) return group.address + index * PAGE_SIZE + group.writable;
    const { isOf64K } = group;
    const entry = this.#entryOf(group, isOf64K ? index & ~15 : index);
    if (entry === NOTHING) return NOTHING;
    const frame = isOf64K ? entry - (entry & OFFSET_MASK_64K) + (page & 15) * PAGE_SIZE : entry;
    return (this.#low & READ_WRITE) === 0 ? frame : frame + group.writable;
  }

  /** As the base has it, and up to the end of a table only. */
  protected override follow(page: number, frame: number, most: number): number {
    const group = this.#group;
    const { words, kind, isOf64K } = group;
    const isPlain = kind === Kind.table && !isOf64K && words !== undefined;
    if (!isPlain || group.tag !== Math.floor(page / PAGES_PER_2M)) {
      return super.follow(page, frame, most);
    }
    const first = page & INDEX_MASK;
    const pages = Math.min(most, INDEX_MASK - first);
    let at = group.wordsAt + first * 2;
    const flags = (words[at] ?? 0) & (PRESENT | READ_WRITE);
    let expected = frame - (frame & WRITABLE);
    for (let i = 0; i < pages; i++) {
      at += 2;
      expected += PAGE_SIZE;
      const low = words[at] ?? 0;
      const high = words[at + 1] ?? 0;
      const address = (high & HIGH_ADDRESS) * 0x1_0000_0000 + ((low & LOW_ADDRESS) >>> 0);
      if (address !== expected || (low & (PRESENT | READ_WRITE)) !== flags) return i;
    }
    return pages;
  }

  #find(tag: number, page: number): Group {
    for (const group of this.#groups) {
      if (group.tag !== tag) continue;
      this.#group = group;
      return group;
    }
    const group = this.#groups[this.#oldest] ?? this.#group;
    this.#oldest = (this.#oldest + 1) % GROUPS;
    group.tag = tag;
    group.kind = this.#lookUp(group, page);
    this.#group = group;
    return group;
  }

  /** Finds what stands for the group that a page is in. */
  #lookUp(group: Group, page: number): Kind {
    let directory: number;
    if (this.#root === NOTHING) {
      const index = Math.floor(page / PAGES_PER_1G);
      directory = index < 4 ? (this.#directories[index] ?? NOTHING) : NOTHING;
    } else {
      const pointers = this.#entry(this.#root, Math.floor(page / PAGES_PER_512G));
      if (pointers === NOTHING) return Kind.nothing;
      directory = this.#entry(pointers, Math.floor(page / PAGES_PER_1G) & INDEX_MASK);
      if (directory !== NOTHING && (this.#low & LARGE) !== 0) {
        const first = Math.floor((page % PAGES_PER_1G) / PAGES_PER_2M) * PAGES_PER_2M;
        return this.#usePage(group, directory, PAGES_PER_1G, first);
      }
    }
    if (directory === NOTHING) return Kind.nothing;
    const table = this.#entry(directory, Math.floor(page / PAGES_PER_2M) & INDEX_MASK);
    if (table === NOTHING) return Kind.nothing;
    if ((this.#low & LARGE) !== 0) return this.#usePage(group, table, PAGES_PER_2M, 0);
    group.address = table;
    group.writable = (this.#low & READ_WRITE) === 0 ? 0 : WRITABLE;
    group.isOf64K = (this.#low & PAGES_OF_64K) !== 0;
    group.words = this.chunks.find(table) ? this.chunks.words : undefined;
    group.wordsAt = (table & CHUNK_MASK) >>> 2;
    return Kind.table;
  }

  /** @param pages - of the large page @param first - where in it the group begins */
  #usePage(group: Group, entry: number, pages: number, first: number): Kind {
    group.address = entry - (entry % (pages * PAGE_SIZE)) + first * PAGE_SIZE;
    group.writable = (this.#low & READ_WRITE) === 0 ? 0 : WRITABLE;
    return Kind.page;
  }

  /** Address in an entry, its low word in `#low`; {@link NOTHING} where it is not present. */
  #entry(table: number, index: number): number {
    let low = 0;
    let high = 0;
    const { chunks } = this;
    if (chunks.find(table) && chunks.words !== undefined) {
      const at = ((table & CHUNK_MASK) >>> 2) + index * 2;
      low = chunks.words[at] ?? 0;
      high = chunks.words[at + 1] ?? 0;
    } else if (this.#readEntry(table + index * 8)) {
      low = this.#scratch[0] ?? 0;
      high = this.#scratch[1] ?? 0;
    }
    return this.#addressIn(low, high);
  }

  /** As {@link Ppgtt.#entry}, of a group's table. */
  #entryOf({ words, wordsAt, address }: Group, index: number): number {
    if (words === undefined) return this.#entry(address, index);
    const at = wordsAt + index * 2;
    return this.#addressIn(words[at] ?? 0, words[at + 1] ?? 0);
  }

  #addressIn(low: number, high: number): number {
    this.#low = low;
    if ((low & PRESENT) === 0) return NOTHING;
    return (high & HIGH_ADDRESS) * 0x1_0000_0000 + ((low & LOW_ADDRESS) >>> 0);
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
