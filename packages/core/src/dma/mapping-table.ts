// Concepts: mappings never overlap, so in the order of their addresses any of 65535 is found in 16 steps. The
// order is kept in short pieces, because an insertion into one long array moves half of it. Accesses tend to
// stay in one mapping, so the last one found is tried first.

import type { Mapping } from './mapping.ts';

const PIECE_MAX = 512;

/** The mappings of one address space in order of their addresses. */
export class MappingTable {
  /** Invariant: no piece is empty. */
  #pieces: Mapping[][] = [];
  #count = 0;
  #last: Mapping | undefined;

  get count(): number {
    return this.#count;
  }

  /** The mapping that holds `iova`. */
  find(iova: number): Mapping | undefined {
    const last = this.#last;
    if (last !== undefined && iova >= last.iova && iova < last.end) return last;
    const found = this.#firstEndingAfter(iova);
    if (found === undefined || !(found.iova <= iova)) return undefined;
    this.#last = found;
    return found;
  }

  /** All mappings that have bytes in `[start, end)`. */
  overlapping(start: number, end: number): Mapping[] {
    const found: Mapping[] = [];
    for (let p = this.#pieceEndingAfter(start); p < this.#pieces.length; p++) {
      const piece = this.#pieces[p] ?? [];
      for (let i = endingAfter(piece, start); i < piece.length; i++) {
        const mapping = piece[i];
        if (mapping === undefined || mapping.iova >= end) return found;
        found.push(mapping);
      }
    }
    return found;
  }

  /** Tells whether any mapping has bytes in `[start, end)`. */
  overlaps(start: number, end: number): boolean {
    const first = this.#firstEndingAfter(start);
    return first !== undefined && first.iova < end;
  }

  /** Adds a mapping that overlaps no other. */
  insert(mapping: Mapping): void {
    // Past all others it goes to the end of the last piece.
    const p = Math.min(this.#pieceEndingAfter(mapping.iova), Math.max(this.#pieces.length - 1, 0));
    const piece = this.#pieces[p];
    this.#count++;
    if (piece === undefined) {
      this.#pieces.push([mapping]);
      return;
    }
    piece.splice(endingAfter(piece, mapping.iova), 0, mapping);
    if (piece.length > PIECE_MAX) this.#pieces.splice(p + 1, 0, piece.splice(PIECE_MAX / 2));
  }

  /** Takes all mappings that have bytes in `[start, end)` out. */
  remove(start: number, end: number): void {
    let hasEmptied = false;
    for (let p = this.#pieceEndingAfter(start); p < this.#pieces.length; p++) {
      const piece = this.#pieces[p] ?? [];
      const from = endingAfter(piece, start);
      let to = from;
      while ((piece[to]?.iova ?? end) < end) to++;
      piece.splice(from, to - from);
      this.#count -= to - from;
      hasEmptied ||= piece.length === 0;
      if (to === from) break;
    }
    if (hasEmptied) this.#pieces = this.#pieces.filter((piece) => piece.length > 0);
    this.#last = undefined;
  }

  *[Symbol.iterator](): Generator<Mapping> {
    for (const piece of this.#pieces) yield* piece;
  }

  #firstEndingAfter(iova: number): Mapping | undefined {
    const piece = this.#pieces[this.#pieceEndingAfter(iova)];
    return piece?.[endingAfter(piece, iova)];
  }

  #pieceEndingAfter(iova: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = this.#pieces[middle];
      const last = piece?.[piece.length - 1];
      if (last !== undefined && last.end > iova) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Index of the first mapping of `piece` that ends after `iova`; its length if there is none. */
function endingAfter(piece: readonly Mapping[], iova: number): number {
  let low = 0;
  let high = piece.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const mapping = piece[middle];
    if (mapping !== undefined && mapping.end > iova) high = middle;
    else low = middle + 1;
  }
  return low;
}
