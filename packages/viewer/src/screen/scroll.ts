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
  /** Pixels. */
  readonly height: number;
  /** Words of a row that a hash looks at. */
  readonly words: number;
  readonly before: Uint32Array;
  readonly now: Uint32Array;
  /** Words from one row to the next. */
  readonly beforeStride: number;
  readonly nowStride: number;
  /** Whether row `now` is in every bit what row `before` was. */
  isSame(now: number, before: number): boolean;
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
export function findScroll(pair: RowPair): readonly RowCopy[] {
  const { height } = pair;
  const before = hashes(pair.before, pair.beforeStride, pair);
  const now = hashes(pair.now, pair.nowStride, pair);
  const distance = likelyDistance(before, now);
  if (distance === 0) return [];
  const copies: RowCopy[] = [];
  for (let y = Math.max(0, -distance), end = Math.min(height, height - distance); y < end;) {
    let bottom = y;
    let changed = 0;
    while (bottom < end && now[bottom] === before[bottom + distance]) {
      if (!pair.isSame(bottom, bottom + distance)) break;
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

function hashes(pixels: Uint32Array, stride: number, { height, words }: RowPair): Int32Array {
  const found = new Int32Array(height);
  for (let y = 0; y < height; y++) {
    let hash = 0;
    for (let i = y * stride, end = i + words; i < end; i += SAMPLE) {
      hash = Math.imul(hash ^ (pixels[i] ?? 0), 0x0100_0193);
    }
    found[y] = hash;
  }
  return found;
}

/** The distance that most rows agree on which have changed and look like exactly one row before; 0 without one. */
function likelyDistance(before: Int32Array, now: Int32Array): number {
  const rows = new Map<number, number>();
  for (const [y, hash] of before.entries()) rows.set(hash, rows.has(hash) ? -1 : y);
  const votes = new Map<number, number>();
  for (const [y, hash] of now.entries()) {
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
