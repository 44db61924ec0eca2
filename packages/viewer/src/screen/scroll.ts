// A picture that has moved up or down, as a text console does: what can be copied need not be sent.

import { TILE_HEIGHT } from './tiles.ts';

/** Rows of pixels that are the same as others were. */
export interface RowCopy {
  /** Where they are now. */
  readonly y: number;
  readonly height: number;
  /** Where the first of them was. */
  readonly from: number;
}

/** Two pictures of one size, compared row by row. */
export interface RowPair {
  /** Of each row, {@link rowHashes}; they may be a little off the pixels. */
  readonly before: Int32Array;
  readonly now: Int32Array;
  /** Whether row `now` is in every bit what row `before` was. */
  readonly isSame: (now: number, before: number) => boolean;
}

/** Every so many words count for the hash of a row. */
const SAMPLE = 7;
/** Copies of fewer rows save nothing. */
const MIN_ROWS = 4 * TILE_HEIGHT;
/** More copies than this cost a browser more than pixels do: it takes a picture of all of its canvas for each. */
const MAX_COPIES = 3;

/**
 * Finds by how much the picture has moved, and which rows are only moved. To be carried out in their order: none
 * reads what one before it has written.
 */
export function findScroll({ before, now, isSame }: RowPair): readonly RowCopy[] {
  const height = now.length;
  const distance = likelyDistance(before, now);
  if (distance === 0) return [];
  const copies: RowCopy[] = [];
  for (let y = Math.max(0, -distance), end = Math.min(height, height - distance); y < end;) {
    let bottom = y;
    let changed = 0;
    while (bottom < end && now[bottom] === before[bottom + distance]) {
      if (!isSame(bottom, bottom + distance)) break;
      if (now[bottom] !== before[bottom]) changed++;
      bottom++;
    }
    if (bottom - y >= MIN_ROWS && changed > 0) {
      copies.push({ y, height: bottom - y, from: y + distance });
    }
    y = Math.max(bottom, y + 1);
  }
  const [largest] = copies.toSorted((a, b) => b.height - a.height).slice(MAX_COPIES - 1);
  const kept = copies
    .filter(({ height: rows }) => rows >= (largest?.height ?? 0))
    .slice(0, MAX_COPIES);
  // Upwards the first goes first, downwards the last.
  return distance > 0 ? kept : kept.toReversed();
}

/** A number for each row of a picture, the same for rows that are the same. `stride` is in words, as `width` is. */
export function rowHashes(
  pixels: Uint32Array,
  stride: number,
  width: number,
  height: number,
): Int32Array {
  const found = new Int32Array(height);
  for (let y = 0; y < height; y++) {
    let hash = 0;
    for (let i = y * stride, end = i + width; i < end; i += SAMPLE) {
      hash = Math.imul(hash ^ (pixels[i] ?? 0), 0x0100_0193);
    }
    found[y] = hash;
  }
  return found;
}

/** The distance that most rows agree on which have changed and look like exactly one row before; 0 without one. */
function likelyDistance(before: Int32Array, now: Int32Array): number {
  const rows = new Map<number, number>();
  for (let y = 0; y < before.length; y++) {
    const hash = before[y] ?? 0;
    rows.set(hash, rows.has(hash) ? -1 : y);
  }
  const votes = new Map<number, number>();
  for (let y = 0; y < now.length; y++) {
    const hash = now[y] ?? 0;
    if (hash === before[y]) continue;
    const from = rows.get(hash) ?? -1;
    if (from >= 0) votes.set(from - y, (votes.get(from - y) ?? 0) + 1);
  }
  let [best, most] = [0, 1];
  for (const [distance, count] of votes) {
    if (count > most) [best, most] = [distance, count];
  }
  return best;
}
