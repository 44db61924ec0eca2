// What all spaces of graphics addresses have in common: pages of 4 KiB, the guest's memory behind them, and a buffer of
// translations that is good for as long as nobody else runs.
//
// Concepts: a translation and the bytes behind it are kept until `renew`, which whoever comes from the loop calls first:
// the executor before each slice, an access of the guest before each access. The guest's own view of its memory is
// little endian and so must the host be.

import type { GuestMemory } from '../gpu.ts';
import type { GraphicsMemory } from './address-space.ts';

/** Bytes. */
export const PAGE_SIZE = 4096;

/** What {@link PagedMemory.translate} gives where nothing is. */
export const NOTHING: number = -1;

/** Added to the address of a page that may be written. */
export const WRITABLE = 1;

/** Counts addresses that no table or no memory stands for. */
export interface FaultSink {
  fault(address: number, isWrite: boolean): void;
}

/** A slot that stands for no page. */
const EMPTY = Number.NEGATIVE_INFINITY;
const SLOTS = 256;
const SLOT_MASK = SLOTS - 1;
const OFFSET_MASK = PAGE_SIZE - 1;

/** A space of graphics addresses in pages. */
export abstract class PagedMemory implements GraphicsMemory {
  protected readonly guest: GuestMemory;
  readonly #faults: FaultSink;
  readonly #tags = new Float64Array(SLOTS).fill(EMPTY);
  readonly #frames = new Float64Array(SLOTS);
  readonly #isLooked = new Uint8Array(SLOTS);
  readonly #bytes: (Uint8Array | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #words: (Int32Array | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #scratch = new Int32Array(1);
  readonly #scratchBytes = new Uint8Array(this.#scratch.buffer);

  constructor(guest: GuestMemory, faults: FaultSink) {
    this.guest = guest;
    this.#faults = faults;
  }

  /**
   * Looks a page up in the tables.
   *
   * @param page - address / 4096
   * @returns guest physical address of the page, plus {@link WRITABLE}; {@link NOTHING}
   */
  protected abstract translate(page: number): number;

  /** Forgets translations and bytes: the loop may have run since. */
  renew(): void {
    this.#tags.fill(EMPTY);
  }

  read(address: number, into: Uint8Array): boolean {
    let isAll = true;
    for (let done = 0; done < into.length;) {
      const at = address + done;
      const offset = at % PAGE_SIZE;
      const length = Math.min(PAGE_SIZE - offset, into.length - done);
      if (!this.#readPage(at, into.subarray(done, done + length))) isAll = false;
      done += length;
    }
    return isAll;
  }

  write(address: number, from: Uint8Array): boolean {
    let isAll = true;
    for (let done = 0; done < from.length;) {
      const at = address + done;
      const offset = at % PAGE_SIZE;
      const length = Math.min(PAGE_SIZE - offset, from.length - done);
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
    if (words !== undefined) return (words[(address & OFFSET_MASK) >>> 2] ?? 0) >>> 0;
    this.#scratch[0] = 0;
    if (!this.#guestRead(address - (address % 4), frame, this.#scratchBytes)) return 0;
    return (this.#scratch[0] ?? 0) >>> 0;
  }

  write32(address: number, value: number): boolean {
    const slot = this.#slot(address);
    const frame = this.#frames[slot] ?? NOTHING;
    if (frame % 2 !== WRITABLE) return this.#fault(address, true);
    const words = this.#wordsOf(slot, frame);
    if (words !== undefined) {
      words[(address & OFFSET_MASK) >>> 2] = value;
      return true;
    }
    this.#scratch[0] = value;
    return this.#guestWrite(address - (address % 4), frame, this.#scratchBytes);
  }

  piece(address: number, longest: number, isWrite: boolean): Uint8Array | undefined {
    const slot = this.#slot(address);
    const frame = this.#frames[slot] ?? NOTHING;
    if (frame === NOTHING || (isWrite && frame % 2 !== WRITABLE)) return undefined;
    const offset = address & OFFSET_MASK;
    const inPage = PAGE_SIZE - offset;
    if (longest > inPage) {
      const length = this.#contiguous(address, frame, longest);
      if (length > inPage) {
        const found = this.guest.view(frame - (frame % 2) + offset, length);
        if (found !== undefined) return found;
      }
    }
    const bytes = this.#bytesOf(slot, frame);
    if (bytes === undefined) return undefined;
    return longest >= PAGE_SIZE && offset === 0
      ? bytes
      : bytes.subarray(offset, offset + Math.min(longest, inPage));
  }

  /**
   * The page's 1024 words.
   *
   * @param address - of any byte of the page
   * @returns `undefined` where nothing is there or it is not mapped, without a fault
   */
  page(address: number): Int32Array | undefined {
    const slot = this.#slot(address);
    const frame = this.#frames[slot] ?? NOTHING;
    return frame === NOTHING ? undefined : this.#wordsOf(slot, frame);
  }

  /** Whether there is a translation of this address that allows the access. */
  allows(address: number, isWrite: boolean): boolean {
    const frame = this.#frames[this.#slot(address)] ?? NOTHING;
    return isWrite ? frame % 2 === WRITABLE : frame !== NOTHING;
  }

  /** Bytes from `address` on that are side by side in the guest's memory and alike. */
  #contiguous(address: number, frame: number, longest: number): number {
    const first = PAGE_SIZE - (address & OFFSET_MASK);
    let length = first;
    let expected = frame + PAGE_SIZE;
    while (
      length < longest &&
      (this.#frames[this.#slot(address + length)] ?? NOTHING) === expected
    ) {
      length += PAGE_SIZE;
      expected += PAGE_SIZE;
    }
    return Math.min(length, longest);
  }

  #slot(address: number): number {
    const page = Math.floor(address / PAGE_SIZE);
    const slot = page & SLOT_MASK;
    if (this.#tags[slot] !== page) {
      this.#tags[slot] = page;
      this.#frames[slot] = this.translate(page);
      this.#isLooked[slot] = 0;
    }
    return slot;
  }

  #bytesOf(slot: number, frame: number): Uint8Array | undefined {
    if (this.#isLooked[slot] === 0) this.#look(slot, frame);
    return this.#bytes[slot];
  }

  #wordsOf(slot: number, frame: number): Int32Array | undefined {
    if (this.#isLooked[slot] === 0) this.#look(slot, frame);
    return this.#words[slot];
  }

  #look(slot: number, frame: number): void {
    const bytes = this.guest.view(frame - (frame % 2), PAGE_SIZE);
    this.#bytes[slot] = bytes;
    this.#words[slot] = bytes === undefined ? undefined : wordsOver(bytes);
    this.#isLooked[slot] = 1;
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
    const offset = address & OFFSET_MASK;
    into.set(bytes.subarray(offset, offset + into.length));
    return true;
  }

  #writePage(address: number, from: Uint8Array): boolean {
    const slot = this.#slot(address);
    const frame = this.#frames[slot] ?? NOTHING;
    if (frame % 2 !== WRITABLE) return this.#fault(address, true);
    const bytes = this.#bytesOf(slot, frame);
    if (bytes === undefined) return this.#guestWrite(address, frame, from);
    bytes.set(from, address & OFFSET_MASK);
    return true;
  }

  #guestRead(address: number, frame: number, into: Uint8Array): boolean {
    try {
      this.guest.read(frame - (frame % 2) + (address & OFFSET_MASK), into);
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
      this.guest.write(frame - (frame % 2) + (address & OFFSET_MASK), from);
      return true;
    } catch {
      this.#frames[this.#slot(address)] = frame - (frame % 2);
      return this.#fault(address, true);
    }
  }

  #fault(address: number, isWrite: boolean): false {
    this.#faults.fault(address, isWrite);
    return false;
  }
}

/** The same bytes as words; `undefined` where they do not begin at a multiple of four. */
export function wordsOver(bytes: Uint8Array): Int32Array | undefined {
  if (bytes.byteOffset % 4 !== 0) return undefined;
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}
