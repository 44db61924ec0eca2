// What all spaces of graphics addresses have in common: pages of 4 KiB, the guest's memory behind them, and a buffer of
// translations that is good for as long as nobody else runs.
//
// Concepts: a translation and the bytes behind it are kept until `renew`, which whoever comes from the loop calls first:
// the executor before each slice, an access of the guest before each access. The guest's own view of its memory is
// little endian and so must the host be.

import type { GuestMemory } from '../gpu.ts';
import type { GraphicsMemory } from './address-space.ts';
import { CHUNK_SIZE, Chunks, wordsOver } from './chunks.ts';

/** Bytes. */
export const PAGE_SIZE = 4096;

/** What {@link PagedMemory.translate} gives where nothing is; not {@link WRITABLE} either. */
export const NOTHING: number = -2;

/** Added to the address of a page that may be written. */
export const WRITABLE = 1;

/** Counts addresses that no table or no memory stands for. */
export interface FaultSink {
  fault(address: number, isWrite: boolean): void;
}

const SLOTS = 256;
const SLOT_MASK = SLOTS - 1;
/** A slot that stands for no page. */
const EMPTY = Number.NEGATIVE_INFINITY;
const OFFSET_MASK = PAGE_SIZE - 1;
const CHUNK_MASK = CHUNK_SIZE - 1;
/** The bytes of a page have not been looked for. */
const NOT_LOOKED = -1;

const NO_BYTES = new Uint8Array(0);

/** A space of graphics addresses in pages. */
export abstract class PagedMemory implements GraphicsMemory {
  /** What {@link PagedMemory.find} has found. */
  foundBytes: Uint8Array = NO_BYTES;
  /** The same as words, when `foundBytes` begins at a multiple of four. */
  foundWords: Int32Array | undefined;
  /** Where in `foundBytes`. */
  foundAt = 0;
  protected readonly guest: GuestMemory;
  protected readonly chunks: Chunks;
  readonly #faults: FaultSink;
  readonly #tags = new Float64Array(SLOTS).fill(EMPTY);
  readonly #frames = new Float64Array(SLOTS);
  /** Of the page in its bytes. */
  readonly #offsets = new Int32Array(SLOTS);
  readonly #bytes: (Uint8Array | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #words: (Int32Array | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #scratch = new Int32Array(1);
  readonly #scratchBytes = new Uint8Array(this.#scratch.buffer);

  constructor(guest: GuestMemory, faults: FaultSink) {
    this.guest = guest;
    this.chunks = new Chunks(guest);
    this.#faults = faults;
  }

  /**
   * Looks a page up in the tables.
   *
   * @param page - address / 4096
   * @returns guest physical address of the page, plus {@link WRITABLE}; {@link NOTHING}
   */
  protected abstract translate(page: number): number;

  /**
   * Counts pages that are side by side.
   *
   * @param page - the first of them @param frame - its translation
   * @param most - more pages are not asked for
   * @returns how many pages behind the first have the translations that follow
   */
  protected follow(page: number, frame: number, most: number): number {
    for (let i = 1; i <= most; i++) {
      const ahead = this.translate(page + i);
      if (ahead !== frame + i * PAGE_SIZE) return i - 1;
    }
    return most;
  }

  /** Forgets translations and bytes: the loop may have run since. */
  renew(): void {
    this.#tags.fill(EMPTY);
    this.chunks.renew();
  }

  read(address: number, into: Uint8Array): boolean {
    let isAll = true;
    for (let done = 0; done < into.length;) {
      const at = address + done;
      const length = Math.min(PAGE_SIZE - (at & OFFSET_MASK), into.length - done);
      if (!this.#readPage(at, into.subarray(done, done + length))) isAll = false;
      done += length;
    }
    return isAll;
  }

  write(address: number, from: Uint8Array): boolean {
    let isAll = true;
    for (let done = 0; done < from.length;) {
      const at = address + done;
      const length = Math.min(PAGE_SIZE - (at & OFFSET_MASK), from.length - done);
      if (!this.#writePage(at, from.subarray(done, done + length))) isAll = false;
      done += length;
    }
    return isAll;
  }

  read32(address: number): number {
    const slot = this.#slot(address);
    const frame = this.#frames[slot] ?? NOTHING;
    if (frame === NOTHING) {
      this.#fault(address, false);
      return 0;
    }
    const words = this.#wordsOf(slot, frame);
    if (words !== undefined) {
      return (words[((this.#offsets[slot] ?? 0) + (address & OFFSET_MASK)) >>> 2] ?? 0) >>> 0;
    }
    this.#scratch[0] = 0;
    if (!this.#guestRead(address - (address & 3), frame, this.#scratchBytes)) return 0;
    return (this.#scratch[0] ?? 0) >>> 0;
  }

  write32(address: number, value: number): boolean {
    const slot = this.#slot(address);
    const frame = this.#frames[slot] ?? NOTHING;
    if ((frame & WRITABLE) === 0) return this.#fault(address, true);
    const words = this.#wordsOf(slot, frame);
    if (words !== undefined) {
      words[((this.#offsets[slot] ?? 0) + (address & OFFSET_MASK)) >>> 2] = value;
      return true;
    }
    this.#scratch[0] = value;
    return this.#guestWrite(address - (address & 3), frame, this.#scratchBytes);
  }

  piece(address: number, longest: number, isWrite: boolean): Uint8Array | undefined {
    const length = this.find(address, longest, isWrite);
    if (length === 0) return undefined;
    return this.foundBytes.subarray(this.foundAt, this.foundAt + length);
  }

  /**
   * Finds the bytes from `address` on, without a fault where there are none.
   *
   * @returns how many are side by side, in `foundBytes` from `foundAt` on; 0 where there are none or they are not mapped
   */
  find(address: number, longest: number, isWrite: boolean): number {
    const page = Math.floor(address / PAGE_SIZE);
    const frame = this.translate(page);
    if (frame === NOTHING || (isWrite && (frame & WRITABLE) === 0)) return 0;
    const { chunks } = this;
    const physical = frame - (frame & WRITABLE);
    let offset: number;
    if (chunks.find(physical) && chunks.bytes !== undefined) {
      this.foundBytes = chunks.bytes;
      this.foundWords = chunks.words;
      offset = (physical & CHUNK_MASK) + (address & OFFSET_MASK);
    } else {
      const slot = this.#slot(address);
      const bytes = this.#bytesOf(slot, frame);
      if (bytes === undefined) return 0;
      this.foundBytes = bytes;
      this.foundWords = this.#words[slot];
      offset = (this.#offsets[slot] ?? 0) + (address & OFFSET_MASK);
    }
    this.foundAt = offset;
    const most = Math.min(longest, this.foundBytes.length - offset);
    const length = PAGE_SIZE - (address & OFFSET_MASK);
    if (length >= most) return most;
    const pages = Math.ceil((most - length) / PAGE_SIZE);
    const more = this.follow(page, frame, pages);
    return Math.min(most, length + more * PAGE_SIZE);
  }

  /** Whether there is a translation of this address that allows the access. */
  allows(address: number, isWrite: boolean): boolean {
    const frame = this.#frames[this.#slot(address)] ?? NOTHING;
    return isWrite ? (frame & WRITABLE) !== 0 : frame !== NOTHING;
  }

  #slot(address: number): number {
    const page = Math.floor(address / PAGE_SIZE);
    const slot = slotOf(page);
    if (this.#tags[slot] !== page) this.#fill(slot, page, this.translate(page));
    return slot;
  }

  #fill(slot: number, page: number, frame: number): void {
    this.#tags[slot] = page;
    this.#frames[slot] = frame;
    this.#offsets[slot] = NOT_LOOKED;
  }

  #bytesOf(slot: number, frame: number): Uint8Array | undefined {
    if (this.#offsets[slot] === NOT_LOOKED) this.#look(slot, frame);
    return this.#bytes[slot];
  }

  #wordsOf(slot: number, frame: number): Int32Array | undefined {
    if (this.#offsets[slot] === NOT_LOOKED) this.#look(slot, frame);
    return this.#words[slot];
  }

  #look(slot: number, frame: number): void {
    const address = frame - (frame & WRITABLE);
    const { chunks } = this;
    const isInChunk = chunks.find(address);
    const bytes = isInChunk ? chunks.bytes : this.guest.view(address, PAGE_SIZE);
    this.#offsets[slot] = isInChunk ? address & CHUNK_MASK : 0;
    this.#bytes[slot] = bytes;
    this.#words[slot] = isInChunk ? chunks.words : bytes && wordsOver(bytes);
  }

  #readPage(address: number, into: Uint8Array): boolean {
    const slot = this.#slot(address);
    const frame = this.#frames[slot] ?? NOTHING;
    if (frame === NOTHING) {
      into.fill(0);
      return this.#fault(address, false);
    }
    const bytes = this.#bytesOf(slot, frame);
    if (bytes === undefined) return this.#guestRead(address, frame, into);
    const at = (this.#offsets[slot] ?? 0) + (address & OFFSET_MASK);
    into.set(bytes.subarray(at, at + into.length));
    return true;
  }

  #writePage(address: number, from: Uint8Array): boolean {
    const slot = this.#slot(address);
    const frame = this.#frames[slot] ?? NOTHING;
    if ((frame & WRITABLE) === 0) return this.#fault(address, true);
    const bytes = this.#bytesOf(slot, frame);
    if (bytes === undefined) return this.#guestWrite(address, frame, from);
    bytes.set(from, (this.#offsets[slot] ?? 0) + (address & OFFSET_MASK));
    return true;
  }

  #guestRead(address: number, frame: number, into: Uint8Array): boolean {
    try {
      this.guest.read(frame - (frame & WRITABLE) + (address & OFFSET_MASK), into);
      return true;
    } catch {
      // Not tried again before the loop has run: each failure takes its time.
      this.#frames[this.#slot(address)] = NOTHING;
      into.fill(0);
      return this.#fault(address, false);
    }
  }

  #guestWrite(address: number, frame: number, from: Uint8Array): boolean {
    try {
      this.guest.write(frame - (frame & WRITABLE) + (address & OFFSET_MASK), from);
      return true;
    } catch {
      this.#frames[this.#slot(address)] = frame - (frame & WRITABLE);
      return this.#fault(address, true);
    }
  }

  #fault(address: number, isWrite: boolean): false {
    this.#faults.fault(address, isWrite);
    return false;
  }
}

/** Surfaces often begin at the same multiple of large powers of two. */
function slotOf(page: number): number {
  return (page ^ (page >>> 9) ^ (page >>> 18)) & SLOT_MASK;
}
