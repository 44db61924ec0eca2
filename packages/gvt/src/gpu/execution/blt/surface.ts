// One side of a blit: rows of bytes, linear or tiled.

import { PAGE_SIZE, type PagedMemory } from '../../memory/paged-memory.ts';
import { TILE_RUN, Tiling, tiledOffset } from '../../memory/tiling.ts';

const ADDRESSES = 2 ** 48;

/** A surface; one object for one surface after the other. */
export class Surface {
  memory: PagedMemory | undefined;
  base = 0;
  /** Bytes; negative where rows go up. */
  pitch = 0;
  tiling: Tiling = Tiling.linear;

  set(memory: PagedMemory, base: number, pitch: number, tiling: Tiling): void {
    this.memory = memory;
    this.base = tiling === Tiling.linear ? base : base - (base % PAGE_SIZE);
    this.pitch = pitch;
    this.tiling = tiling;
  }

  /** Graphics address of a byte. @param x - bytes @param y - row */
  address(x: number, y: number): number {
    const offset =
      this.tiling === Tiling.linear
        ? y * this.pitch + x
        : tiledOffset(this.tiling, x, y, this.pitch);
    const address = this.base + offset;
    return address < 0 ? address + ADDRESSES : address;
  }

  /** Lowest and highest address of a rectangle, not exact for tiled ones. */
  lowest(x: number, y: number, height: number): number {
    if (this.tiling !== Tiling.linear) return this.base;
    return this.base + Math.min(y * this.pitch, (y + height - 1) * this.pitch) + x;
  }

  /** One past the highest address of a rectangle; see {@link Surface.lowest}. */
  end(x: number, y: number, width: number, height: number): number {
    if (this.tiling !== Tiling.linear) return this.base + (y + height + 32) * this.pitch;
    return this.base + Math.max(y * this.pitch, (y + height - 1) * this.pitch) + x + width;
  }

  /** Reads a part of a row. */
  read(x: number, y: number, into: Uint8Array): void {
    const { memory } = this;
    if (memory === undefined) return;
    if (this.tiling === Tiling.linear) {
      memory.read(this.address(x, y), into);
      return;
    }
    for (let done = 0; done < into.length;) {
      const run = this.#run(x + done, into.length - done);
      const address = this.address(x + done, y);
      if (!readWords(memory, address, into, done, run)) {
        memory.read(address, into.subarray(done, done + run));
      }
      done += run;
    }
  }

  /** Writes a part of a row. */
  write(x: number, y: number, from: Uint8Array): void {
    const { memory } = this;
    if (memory === undefined) return;
    if (this.tiling === Tiling.linear) {
      memory.write(this.address(x, y), from);
      return;
    }
    for (let done = 0; done < from.length;) {
      const run = this.#run(x + done, from.length - done);
      const address = this.address(x + done, y);
      if (!writeWords(memory, address, from, done, run)) {
        memory.write(address, from.subarray(done, done + run));
      }
      done += run;
    }
  }

  /** Bytes that stay together from `x` on. */
  #run(x: number, longest: number): number {
    const run = TILE_RUN[this.tiling] ?? 1;
    return Math.min(longest, run - (x & (run - 1)));
  }
}

/** Runs up to here are moved word by word, longer ones by `set`. */
const SHORT = 16;

function readWords(
  memory: PagedMemory,
  address: number,
  into: Uint8Array,
  at: number,
  length: number,
): boolean {
  if (length > SHORT || ((length | address) & 3) !== 0) return false;
  if (memory.find(address, length, false) < length) return false;
  const words = memory.foundWords;
  if (words === undefined) return false;
  let from = memory.foundAt >>> 2;
  for (let i = at; i < at + length; i += 4) {
    const word = words[from++] ?? 0;
    into[i] = word;
    into[i + 1] = word >>> 8;
    into[i + 2] = word >>> 16;
    into[i + 3] = word >>> 24;
  }
  return true;
}

function writeWords(
  memory: PagedMemory,
  address: number,
  from: Uint8Array,
  at: number,
  length: number,
): boolean {
  if (length > SHORT || ((length | address) & 3) !== 0) return false;
  if (memory.find(address, length, true) < length) return false;
  const words = memory.foundWords;
  if (words === undefined) return false;
  let to = memory.foundAt >>> 2;
  for (let i = at; i < at + length; i += 4) {
    words[to++] =
      (from[i] ?? 0) |
      ((from[i + 1] ?? 0) << 8) |
      ((from[i + 2] ?? 0) << 16) |
      ((from[i + 3] ?? 0) << 24);
  }
  return true;
}
