// Views of the guest's memory that are larger than a page, so that few of them are made.

import type { GuestMemory } from '../gpu.ts';

/** Bytes. */
export const CHUNK_SIZE: number = 256 * 1024;

const SLOTS = 256;
const SLOT_MASK = SLOTS - 1;
const EMPTY = -1;

/** Chunks of memory, good until control returns to the loop. */
export class Chunks {
  /** What {@link Chunks.find} has found; `undefined` when it has not. */
  bytes: Uint8Array | undefined;
  /** The same as words, when `bytes` begins at a multiple of four. */
  words: Int32Array | undefined;
  readonly #guest: GuestMemory;
  readonly #tags = new Float64Array(SLOTS).fill(EMPTY);
  readonly #bytes: (Uint8Array | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #words: (Int32Array | undefined)[] = Array.from({ length: SLOTS }, () => undefined);

  constructor(guest: GuestMemory) {
    this.#guest = guest;
  }

  /** Forgets all. */
  renew(): void {
    this.#tags.fill(EMPTY);
  }

  /**
   * Finds the chunk that an address is in.
   *
   * @param address - guest physical
   * @returns whether it is memory in one piece; single pages of it may be even when it is not
   */
  find(address: number): boolean {
    const chunk = Math.floor(address / CHUNK_SIZE);
    const slot = chunk & SLOT_MASK;
    if (this.#tags[slot] !== chunk) {
      const bytes = this.#guest.view(chunk * CHUNK_SIZE, CHUNK_SIZE);
      this.#tags[slot] = chunk;
      this.#bytes[slot] = bytes;
      this.#words[slot] = bytes && wordsOver(bytes);
    }
    this.bytes = this.#bytes[slot];
    this.words = this.#words[slot];
    return this.bytes !== undefined;
  }
}

/** The same bytes as words; `undefined` where they do not begin at a multiple of four. */
export function wordsOver(bytes: Uint8Array): Int32Array | undefined {
  if (bytes.byteOffset % 4 !== 0) return undefined;
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}
