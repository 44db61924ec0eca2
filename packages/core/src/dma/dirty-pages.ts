// Concepts: dirty pages of the whole I/O address space, kept in pieces that exist only where something was
// written. When a guest spreads its writes so far that the pieces reach their limit, the set stops to tell
// pages apart and calls all of them dirty: a copy too many is safe, a page too few is not.

import type { DirtySink } from '../ops.ts';
import { IOVA_LIMIT } from '../access.ts';

const CHUNK_PAGES = 4096;
const CHUNK_WORDS: number = CHUNK_PAGES / 32;
const MAX_CHUNKS = 65536;

/** A sparse set of dirty pages. */
export class DirtyPages implements DirtySink {
  /** Bytes; a power of two. */
  readonly pageSize: number;
  readonly #chunks = new Map<number, Uint32Array>();
  readonly #maxChunks: number;
  #lastKey = -1;
  #lastChunk: Uint32Array = new Uint32Array(0);
  #isSaturated = false;

  /**
   * @param pageSize - bytes, a power of two
   * @param maxChunks - pieces of 4096 pages that may exist at once
   */
  constructor(pageSize: number, maxChunks: number = MAX_CHUNKS) {
    this.pageSize = pageSize;
    this.#maxChunks = maxChunks;
  }

  set(iova: number, length: number): void {
    let page = Math.floor(iova / this.pageSize);
    const last = Math.floor((iova + length - 1) / this.pageSize);
    while (page <= last && !this.#isSaturated) {
      const key = Math.floor(page / CHUNK_PAGES);
      const base = key * CHUNK_PAGES;
      const lastInChunk = Math.min(last - base, CHUNK_PAGES - 1);
      const chunk = this.#chunkFor(key);
      if (chunk !== undefined) editBits(chunk, page - base, lastInChunk, true);
      page = base + CHUNK_PAGES;
    }
  }

  /**
   * Reports and clears what is dirty in a range. A page that the range cuts is reported for the part inside
   * and stays dirty.
   */
  collect(iova: number, length: number, sink?: DirtySink): void {
    if (this.#isSaturated) {
      sink?.set(iova, length);
      return;
    }
    const first = Math.floor(iova / this.pageSize);
    const last = Math.floor((iova + length - 1) / this.pageSize);
    const firstKey = Math.floor(first / CHUNK_PAGES);
    const lastKey = Math.floor(last / CHUNK_PAGES);
    const keys =
      lastKey - firstKey < this.#chunks.size ? span(firstKey, lastKey) : [...this.#chunks.keys()];
    for (const key of keys) {
      const chunk = this.#chunks.get(key);
      if (chunk === undefined || key < firstKey || key > lastKey) continue;
      if (sink !== undefined) this.#report(key, chunk, iova, iova + length, sink);
      this.#clear(key, chunk, iova, iova + length);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks.clear();
    this.#lastKey = -1;
    this.#isSaturated = false;
  }

  #chunkFor(key: number): Uint32Array | undefined {
    if (key === this.#lastKey) return this.#lastChunk;
    let chunk = this.#chunks.get(key);
    if (chunk === undefined) {
      if (this.#chunks.size >= this.#maxChunks) {
        this.#chunks.clear();
        this.#lastKey = -1;
        this.#isSaturated = true;
        return undefined;
      }
      chunk = new Uint32Array(CHUNK_WORDS);
      this.#chunks.set(key, chunk);
    }
    this.#lastKey = key;
    this.#lastChunk = chunk;
    return chunk;
  }

  #report(key: number, chunk: Uint32Array, start: number, end: number, sink: DirtySink): void {
    const base = key * CHUNK_PAGES * this.pageSize;
    const emit = (from: number, to: number): void => {
      const low = Math.max(base + from * this.pageSize, start);
      const high = Math.min(base + to * this.pageSize, end);
      if (low < high) sink.set(low, high - low);
    };
    let run = -1;
    for (let bit = 0; bit < CHUNK_PAGES; bit++) {
      const word = chunk[bit >>> 5] ?? 0;
      if (run < 0 && word === 0) bit |= 31;
      else if ((word & (1 << (bit & 31))) === 0) {
        if (run >= 0) emit(run, bit);
        run = -1;
      } else if (run < 0) run = bit;
    }
    if (run >= 0) emit(run, CHUNK_PAGES);
  }

  #clear(key: number, chunk: Uint32Array, start: number, end: number): void {
    const base = key * CHUNK_PAGES;
    const first = Math.max(Math.ceil(start / this.pageSize) - base, 0);
    const isToTheEnd = end >= IOVA_LIMIT;
    const past = isToTheEnd ? CHUNK_PAGES : Math.floor(end / this.pageSize) - base;
    const last = Math.min(past, CHUNK_PAGES) - 1;
    if (first <= last) editBits(chunk, first, last, false);
    if (!chunk.every((word) => word === 0)) return;
    this.#chunks.delete(key);
    if (key === this.#lastKey) this.#lastKey = -1;
  }
}

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Sets or clears bits `first` to `last`, both included. */
function editBits(words: Uint32Array, first: number, last: number, value: boolean): void {
  for (let w = first >>> 5; w <= last >>> 5; w++) {
    const low = w === first >>> 5 ? first & 31 : 0;
    const high = w === last >>> 5 ? last & 31 : 31;
    const mask = (0xffffffff << low) & (0xffffffff >>> (31 - high));
    words[w] = value ? (words[w] ?? 0) | mask : (words[w] ?? 0) & ~mask;
  }
}
