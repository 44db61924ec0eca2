// Rows of pixels of a surface in graphics memory. PRM volume 5 (Memory Views), "Address Tiling Function".
//
// Concepts: tiles that lie beside each other follow each other in memory, so a band as high as a tile is read in one
// piece and its rows are put together from there.

import type { GraphicsMemory } from '../memory/address-space.ts';
import { TILE_RUN, Tiling, tiledOffset } from '../memory/tiling.ts';

/** How a surface is laid out. */
export interface SurfaceTiling {
  /** Bytes of a row of a tile; 0 where there are no tiles. */
  readonly width: number;
  /** Rows of a tile. */
  readonly height: number;
  /** Bytes that the unit of PLANE_STRIDE stands for. */
  readonly strideUnit: number;
  /** Bytes that stay side by side. */
  readonly run: number;
  /** Bytes from the start of a tile. @param x - bytes, a multiple of the run */
  place(x: number, y: number): number;
}

/** Pixels in graphics memory. */
export interface Surface {
  /** Graphics address. */
  readonly address: number;
  /** Bytes from row to row. */
  readonly pitch: number;
  /** Where the picture begins in it: pixels, rows. */
  readonly x: number;
  readonly y: number;
  readonly tiling: SurfaceTiling;
}

const TILE = 4096;

/** Bytes that are copied one by one faster than together. */
const SHORT = 64;

const NO_WORDS = new Int32Array(0);

/** Rows follow each other. */
export const LINEAR: SurfaceTiling = {
  width: 0,
  height: 1,
  strideUnit: 64,
  run: 1,
  place: (x) => x,
};

const X: SurfaceTiling = tiled(Tiling.x, 512, 8);
const Y: SurfaceTiling = tiled(Tiling.y, 128, 32);
const YF: SurfaceTiling = tiled(Tiling.yf, 128, 32);

function tiled(tiling: Tiling, width: number, height: number): SurfaceTiling {
  return {
    width,
    height,
    strideUnit: width,
    run: TILE_RUN[tiling] ?? 1,
    place: (x, y) => tiledOffset(tiling, x, y, width),
  };
}

/** The tiling of a value of PLANE_CTL bits 12:10. @param bytes - of a pixel */
export function surfaceTiling(value: number, bytes: number): SurfaceTiling | undefined {
  switch (value) {
    case 0:
      return LINEAR;
    case 1:
      return X;
    case 4:
      return Y;
    case 5:
      return bytes === 2 || bytes === 4 ? YF : undefined;
    default:
      return undefined;
  }
}

/** Reads rows of surfaces one after the other; keeps the last band. */
export class SurfaceReader {
  readonly #memory: GraphicsMemory;
  readonly #surface: Surface;
  /** First byte of a row that is read, and how many. */
  readonly #first: number;
  readonly #length: number;
  readonly #band: Uint8Array<ArrayBuffer>;
  readonly #bandWords: Int32Array;
  #bandRow = -1;

  /**
   * @param bytes - of a pixel
   * @param column - first pixel of each row that is wanted, from the start of the picture
   * @param count - pixels that are wanted
   */
  constructor(
    memory: GraphicsMemory,
    surface: Surface,
    bytes: number,
    column: number,
    count: number,
  ) {
    const { width } = surface.tiling;
    this.#memory = memory;
    this.#surface = surface;
    this.#first = (surface.x + column) * bytes;
    this.#length = count * bytes;
    const tiles = width === 0 ? 0 : tileOf(this.#first + this.#length - 1, width) + 1;
    const left = width === 0 ? 0 : tileOf(this.#first, width);
    this.#band = new Uint8Array((tiles - left) * TILE);
    this.#bandWords = new Int32Array(this.#band.buffer);
  }

  /** Fills `into` with what is wanted of a row. @param y - row from the start of the picture */
  read(y: number, into: Uint8Array): void {
    const { address, pitch, tiling } = this.#surface;
    const row = this.#surface.y + y;
    if (tiling.width === 0) {
      this.#memory.read(address + row * pitch + this.#first, into.subarray(0, this.#length));
      return;
    }
    this.#readBand(Math.floor(row / tiling.height));
    this.#untile(row % tiling.height, into);
  }

  /** Puts a row together. @param y - row of the band */
  #untile(y: number, into: Uint8Array): void {
    const { tiling } = this.#surface;
    const left = tileOf(this.#first, tiling.width) * tiling.width;
    const isWords = (this.#first | this.#length | into.byteOffset) % 4 === 0;
    const words = isWords
      ? new Int32Array(into.buffer, into.byteOffset, this.#length / 4)
      : NO_WORDS;
    for (let done = 0; done < this.#length;) {
      const x = this.#first - left + done;
      const run = Math.min(tiling.run - (x % tiling.run), this.#length - done);
      const at = tileOf(x, tiling.width) * TILE + tiling.place(x % tiling.width, y);
      if (run > SHORT) into.set(this.#band.subarray(at, at + run), done);
      else if (isWords) copy(this.#bandWords, at >>> 2, words, done >>> 2, run >>> 2);
      else copy(this.#band, at, into, done, run);
      done += run;
    }
  }

  #readBand(band: number): void {
    if (band === this.#bandRow) return;
    this.#bandRow = band;
    const { address, pitch, tiling } = this.#surface;
    const left = tileOf(this.#first, tiling.width) * TILE;
    this.#memory.read(address + band * tiling.height * pitch + left, this.#band);
  }
}

function tileOf(x: number, width: number): number {
  return Math.floor(x / width);
}

function copy<T extends Uint8Array | Int32Array>(
  from: T,
  at: number,
  into: T,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) into[to + i] = from[at + i] ?? 0;
}
