// Which parts of an address range are taken. Counterpart of struct drm_mm as the aperture uses it.

import type { GraphicsRange } from '../gpu/gpu.ts';

/** A range out of which smaller ones are taken, the lowest that fits first. */
export class Ranges {
  readonly #whole: GraphicsRange;
  /** In order of their addresses, none overlaps another. */
  readonly #taken: GraphicsRange[] = [];

  constructor(whole: GraphicsRange) {
    this.#whole = whole;
  }

  /** Bytes that are not taken, in however many pieces. */
  get free(): number {
    return this.#taken.reduce((free, { size }) => free - size, this.#whole.size);
  }

  /** Takes `size` bytes; `undefined` where they are not free in one piece. Opposite of {@link Ranges.give}. */
  take(size: number): GraphicsRange | undefined {
    let { base } = this.#whole;
    for (const [at, range] of this.#taken.entries()) {
      if (range.base - base >= size) return this.#insert(at, { base, size });
      base = range.base + range.size;
    }
    const end = this.#whole.base + this.#whole.size;
    return end - base >= size ? this.#insert(this.#taken.length, { base, size }) : undefined;
  }

  /** Gives a range back that {@link Ranges.take} gave. */
  give(range: GraphicsRange): void {
    const at = this.#taken.indexOf(range);
    if (at !== -1) this.#taken.splice(at, 1);
  }

  #insert(at: number, range: GraphicsRange): GraphicsRange {
    this.#taken.splice(at, 0, range);
    return range;
  }
}
