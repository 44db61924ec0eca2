// A copy of the picture, and what has changed since it was made. All viewers are sent from the copy: it stands still
// while the picture itself is drawn on.

import { allocCopyTarget } from '../copy-target.ts';
import type { Frame } from '../source.ts';
import { findScroll, rowHashes, type RowCopy } from './scroll.ts';
import { TILE_HEIGHT, TILE_WIDTH, TileSet } from './tiles.ts';

/** What is different from the copy as it was. */
export interface FrameChange {
  /** Tiles of which a pixel is different. */
  readonly tiles: TileSet;
  /** Rows that are only elsewhere, in the order in which they are copied. */
  readonly copies: readonly RowCopy[];
  /** Tiles that differ where the rows are copied; all of them without copies. */
  readonly rest: TileSet;
}

const BYTES_PER_PIXEL = 4;
/** A scroll is looked for where at least one in so many tiles has changed. */
const SCROLL_SHARE = 8;

/** A copy of a picture of one size, 32 bits a pixel, without gaps between the rows; black at first. */
export class FrameCopy {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly pixels: Uint32Array;
  readonly bytes: Buffer;
  /** Of the rows of the copy, where they are known. */
  #hashes: Int32Array | undefined;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.bytes = allocCopyTarget(width * height * BYTES_PER_PIXEL);
    this.pixels = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, width * height);
  }

  /**
   * Brings the copy up to date.
   *
   * @param frame - of the same size
   * @returns `undefined` where nothing has changed
   */
  update(frame: Frame): FrameChange | undefined {
    const live = new LiveFrame(frame);
    const tiles = this.#differences(live);
    if (tiles === undefined) return undefined;
    const isMuch = tiles.count * SCROLL_SHARE >= tiles.flags.length;
    const copies = isMuch ? this.#findScroll(live) : [];
    if (!isMuch) this.#hashes = undefined;
    if (copies.length === 0) {
      this.#take(live, tiles);
      return { tiles, copies, rest: tiles };
    }
    // Copied within the copy, not taken: somebody may have drawn there since the rows were compared.
    for (const { y, from, height } of copies) {
      this.pixels.copyWithin(y * this.width, from * this.width, (from + height) * this.width);
    }
    const rest = this.#differences(live) ?? new TileSet(this.width, this.height);
    this.#take(live, rest);
    tiles.add(rest);
    return { tiles, copies, rest };
  }

  #findScroll(live: LiveFrame): readonly RowCopy[] {
    const { width, height } = this;
    const before = this.#hashes ?? rowHashes(this.pixels, width, width, height);
    const now = rowHashes(live.words, live.stride, width, height);
    // The copy will have these rows, but for what is drawn until they are taken.
    this.#hashes = now;
    return findScroll({ before, now, isSame: (a, b) => live.isSameRow(this, a, b) });
  }

  #differences(live: LiveFrame): TileSet | undefined {
    let tiles: TileSet | undefined;
    for (let top = 0; top < this.height; top += TILE_HEIGHT) {
      if (live.isSame(this, top, Math.min(TILE_HEIGHT, this.height - top))) continue;
      tiles ??= new TileSet(this.width, this.height);
      this.#compare(live, top, tiles);
    }
    return tiles;
  }

  /** Finds the tiles of one row of tiles that differ. */
  #compare(live: LiveFrame, top: number, { columns, flags }: TileSet): void {
    const first = (top / TILE_HEIGHT) * columns;
    let left = columns;
    const bottom = Math.min(top + TILE_HEIGHT, this.height);
    for (let y = top; y < bottom && left > 0; y++) {
      if (live.isSame(this, y, 1)) continue;
      for (let column = 0; column < columns; column++) {
        if (flags[first + column] === 1 || !this.#differs(live, y, column)) continue;
        flags[first + column] = 1;
        left--;
      }
    }
  }

  #differs({ words, stride }: LiveFrame, y: number, column: number): boolean {
    const { pixels, width } = this;
    const x = column * TILE_WIDTH;
    const end = y * width + Math.min(x + TILE_WIDTH, width);
    for (let i = y * width + x, j = y * stride + x; i < end; i++, j++) {
      if (pixels[i] !== words[j]) return true;
    }
    return false;
  }

  /** Copies tiles, those beside one another at once. What has been drawn since the comparison is taken with them. */
  #take(live: LiveFrame, { columns, rows, flags }: TileSet): void {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        if (flags[row * columns + column] !== 1) continue;
        let end = column + 1;
        while (end < columns && flags[row * columns + end] === 1) end++;
        this.#copy(live, row * TILE_HEIGHT, column * TILE_WIDTH, end * TILE_WIDTH);
        column = end;
      }
    }
  }

  #copy({ bytes, stride }: LiveFrame, top: number, left: number, right: number): void {
    const { width, height } = this;
    const bottom = Math.min(top + TILE_HEIGHT, height);
    const end = Math.min(right, width);
    if (left === 0 && end === width && stride === width) {
      const from = top * width * BYTES_PER_PIXEL;
      bytes.copy(this.bytes, from, from, bottom * width * BYTES_PER_PIXEL);
      return;
    }
    for (let y = top; y < bottom; y++) {
      const from = (y * stride + left) * BYTES_PER_PIXEL;
      const to = (y * width + left) * BYTES_PER_PIXEL;
      bytes.copy(this.bytes, to, from, from + (end - left) * BYTES_PER_PIXEL);
    }
  }
}

/** The picture itself, as bytes and as words. */
class LiveFrame {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  /** Words from one row to the next. */
  readonly stride: number;

  constructor({ pixels, width, height, stride }: Frame) {
    const length = (height - 1) * stride + width * BYTES_PER_PIXEL;
    this.bytes = Buffer.from(pixels.buffer, pixels.byteOffset, length);
    this.words = new Uint32Array(pixels.buffer, pixels.byteOffset, length / BYTES_PER_PIXEL);
    this.stride = stride / BYTES_PER_PIXEL;
  }

  /** Whether rows are what they are in the copy; without gaps between rows, all of them at once. */
  isSame(copy: FrameCopy, y: number, rows: number): boolean {
    if (this.stride === copy.width) return this.#isSame(copy, y, y, rows);
    for (let i = y; i < y + rows; i++) if (!this.#isSame(copy, i, i, 1)) return false;
    return true;
  }

  /** Whether a row is now what another was in the copy. */
  isSameRow(copy: FrameCopy, now: number, before: number): boolean {
    return this.#isSame(copy, now, before, 1);
  }

  #isSame({ bytes, width }: FrameCopy, now: number, before: number, rows: number): boolean {
    const from = now * this.stride * BYTES_PER_PIXEL;
    const other = before * width * BYTES_PER_PIXEL;
    const length = rows * width * BYTES_PER_PIXEL;
    return this.bytes.compare(bytes, other, other + length, from, from + length) === 0;
  }
}
