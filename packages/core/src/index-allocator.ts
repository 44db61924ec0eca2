// Small integers, lowest free first, as ida_alloc_max() gives them. A tree of 32-bit words, one bit set
// where everything below is taken, keeps both ways constant in the number of indexes alive.

import { VfioError } from './errno.ts';

/** Hands out the lowest free index below a limit. */
export class IndexAllocator {
  readonly #limit: number;
  /** Level 0 has a bit for each index, level n a bit for each full word of level n - 1. */
  readonly #levels: Uint32Array[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    let words = limit;
    do {
      words = Math.ceil(words / 32);
      this.#levels.push(new Uint32Array(words));
    } while (words > 1);
  }

  /** @throws `ENOSPC` all indexes are taken */
  alloc(): number {
    let index = 0;
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const word = this.#levels[level]?.[index] ?? 0xffff_ffff;
      if (word === 0xffff_ffff) throw this.#full();
      index = index * 32 + lowestClear(word);
    }
    if (index >= this.#limit) throw this.#full();
    this.#set(index);
    return index;
  }

  /** Opposite of {@link IndexAllocator.alloc}. */
  free(index: number): void {
    for (const words of this.#levels) {
      const at = index >>> 5;
      words[at] = (words[at] ?? 0) & ~(1 << (index & 31));
      index = at;
    }
  }

  #set(index: number): void {
    for (const words of this.#levels) {
      const at = index >>> 5;
      const word = ((words[at] ?? 0) | (1 << (index & 31))) >>> 0;
      words[at] = word;
      if (word !== 0xffff_ffff) return;
      index = at;
    }
  }

  #full(): VfioError {
    return new VfioError('ENOSPC', 'allocDevice', `all ${this.#limit} device indexes are taken`);
  }
}

function lowestClear(word: number): number {
  const free = ~word;
  return 31 - Math.clz32(free & -free);
}
