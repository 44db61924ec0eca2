// Which DMA ranges one connection has mapped. Ranges do not overlap and are kept in the order of their addresses.

/** A mapped range. */
export interface DmaRange {
  readonly iova: number;
  /** Bytes. */
  readonly size: number;
}

/** The mapped ranges of one connection. */
export class DmaTable<R extends DmaRange> {
  #ranges: R[] = [];

  /** How many there are. */
  get count(): number {
    return this.#ranges.length;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#ranges.reduce((sum, { size }) => sum + size, 0);
  }

  /** The range with exactly this address and size. */
  exact(iova: number, size: number): R | undefined {
    const range = this.#ranges[this.#firstEndingAfter(iova)];
    return range !== undefined && range.iova === iova && range.size === size ? range : undefined;
  }

  /** All ranges that share a byte with this one. */
  overlapping(iova: number, size: number): readonly R[] {
    const first = this.#firstEndingAfter(iova);
    let last = first;
    while ((this.#ranges[last]?.iova ?? Infinity) < iova + size) last++;
    return this.#ranges.slice(first, last);
  }

  /** Adds a range that overlaps none. */
  add(range: R): void {
    this.#ranges.splice(this.#firstEndingAfter(range.iova), 0, range);
  }

  /** Opposite of {@link DmaTable.add}. */
  remove(range: R): void {
    const at = this.#ranges.indexOf(range, this.#firstEndingAfter(range.iova));
    if (at >= 0) this.#ranges.splice(at, 1);
  }

  /** Removes all ranges. */
  clear(): void {
    this.#ranges = [];
  }

  /** Index of the first range whose end lies above `iova`, by bisection. */
  #firstEndingAfter(iova: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range.iova + range.size <= iova) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
