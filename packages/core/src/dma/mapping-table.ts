// Concepts: mappings never overlap, so an array sorted by address finds any of 65535 in 16 steps; accesses tend
// to stay in one mapping, so the last one found is tried first.

import type { Mapping } from './mapping.ts';

/** The mappings of one address space in order of their addresses. */
export class MappingTable {
  readonly #sorted: Mapping[] = [];
  #last: Mapping | undefined;

  get count(): number {
    return this.#sorted.length;
  }

  /** The mapping that holds `iova`. */
  find(iova: number): Mapping | undefined {
    const last = this.#last;
    if (last !== undefined && iova >= last.iova && iova < last.end) return last;
    const found = this.#sorted[this.#firstEndingAfter(iova)];
    if (found === undefined || !(found.iova <= iova)) return undefined;
    this.#last = found;
    return found;
  }

  /** All mappings that have bytes in `[start, end)`. */
  overlapping(start: number, end: number): Mapping[] {
    return this.#sorted.slice(this.#firstEndingAfter(start), this.#firstStartingAt(end));
  }

  /** Tells whether any mapping has bytes in `[start, end)`. */
  overlaps(start: number, end: number): boolean {
    return this.#firstEndingAfter(start) < this.#firstStartingAt(end);
  }

  /** Adds a mapping that overlaps no other. */
  insert(mapping: Mapping): void {
    const at = this.#firstEndingAfter(mapping.iova);
    if (at === this.#sorted.length) this.#sorted.push(mapping);
    else this.#sorted.splice(at, 0, mapping);
  }

  /** Takes all mappings that have bytes in `[start, end)` out. */
  remove(start: number, end: number): void {
    const first = this.#firstEndingAfter(start);
    this.#sorted.splice(first, this.#firstStartingAt(end) - first);
    this.#last = undefined;
  }

  [Symbol.iterator](): IterableIterator<Mapping> {
    return this.#sorted.values();
  }

  #firstEndingAfter(iova: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const mapping = this.#sorted[middle];
      if (mapping !== undefined && mapping.end > iova) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #firstStartingAt(iova: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const mapping = this.#sorted[middle];
      if (mapping !== undefined && mapping.iova >= iova) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
