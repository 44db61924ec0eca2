// Fills and copies, in steps: a blit may be larger than what a slice can do. Kaby Lake PRM, volume 2a, "BLT Engine".
//
// Concepts: rows of linear surfaces go from memory to memory in pieces that are side by side; what is tiled, overlaps or
// is mixed with what was there goes row by row over a buffer.

import { PAGE_SIZE, type PagedMemory } from '../../memory/paged-memory.ts';
import { Tiling } from '../../memory/tiling.ts';
import { ROP_PATTERN, ROP_SOURCE, rop3 } from './rop.ts';
import { Surface } from './surface.ts';

/** Bytes of a row: 64 Ki pixels of 16 bytes. */
const LONGEST_ROW = 1024 * 1024;

/** Bytes that are filled at once. */
const TEMPLATE = 16 * 1024;

/** Bytes that rows which follow each other are handled in. */
const BLOCK = 256 * 1024;

/** Bytes of a step, roughly. */
const STEP = 64 * 1024;

/** What a blit costs besides its bytes. */
const ROW_COST = 64;

/** A rectangle of a blit. */
export interface Rectangle {
  /** Pixels. */
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The blitter of one engine: one blit at a time. */
export class Blitter {
  readonly destination: Surface = new Surface();
  readonly source: Surface = new Surface();
  /** Of the destination; nothing is drawn outside when the blit says so. */
  readonly clip: Rectangle = { left: 0, top: 0, right: 0, bottom: 0 };
  readonly rectangle: Rectangle = { left: 0, top: 0, right: 0, bottom: 0 };
  /** Pixel of the source that goes to the rectangle's first. */
  sourceLeft = 0;
  sourceTop = 0;
  /** Bytes of a pixel. */
  depth = 4;
  rop: number = ROP_SOURCE;
  /** Bits of a pixel of 32 bits that are written. */
  mask = 0xffff_ffff;
  color = 0;
  #isBusy = false;
  #isFill = false;
  /** Bytes from the start of the rows. */
  #left = 0;
  #sourceLeft = 0;
  #width = 0;
  #height = 0;
  #row = 0;
  /** Bytes, when the rows are one and a row is a block of it; 0 when they are not. */
  #whole = 0;
  #isUpwards = false;
  /** The template's first four bytes. */
  #word = 0;
  #isDirect = false;
  readonly #template = new Uint8Array(TEMPLATE + 16);
  #rows: Uint8Array | undefined;

  /** A blit has begun and is not finished. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Forgets a blit that has begun. */
  reset(): void {
    this.#isBusy = false;
    this.destination.memory = undefined;
    this.source.memory = undefined;
  }

  /** Begins a fill of the rectangle. */
  beginFill(isClipped: boolean): void {
    this.#isFill = true;
    this.#begin(isClipped);
    if (this.#isBusy) this.#makeTemplate();
    this.#isDirect = this.#isPlain(ROP_PATTERN) && this.destination.tiling === Tiling.linear;
    this.#mergeRows();
  }

  /** Begins a copy to the rectangle. */
  beginCopy(isClipped: boolean): void {
    this.#isFill = false;
    this.#begin(isClipped);
    const overlaps = this.#isBusy && this.#overlaps();
    this.#isUpwards = overlaps && this.#isBehindSource();
    this.#isDirect =
      this.#isPlain(ROP_SOURCE) &&
      !overlaps &&
      this.destination.tiling === Tiling.linear &&
      this.source.tiling === Tiling.linear;
    this.#mergeRows();
  }

  /** Does a part of the blit. @returns bytes that it moved; see {@link Blitter.isBusy} */
  step(): number {
    let cost = 0;
    while (this.#isBusy && cost < STEP) {
      if (this.#row >= this.#height) {
        this.reset();
        break;
      }
      const row = this.#isUpwards ? this.#height - 1 - this.#row : this.#row;
      if (!this.#isDirect) this.#mixRow(row);
      else if (this.#isFill) this.#fillRow(row);
      else this.#copyRow(row);
      this.#row++;
      cost += this.#width + ROW_COST;
    }
    return cost;
  }

  #begin(isClipped: boolean): void {
    this.#row = 0;
    this.#whole = 0;
    this.#isUpwards = false;
    const { rectangle } = this;
    if (isClipped) this.#cut(this.clip);
    if (this.destination.tiling !== Tiling.linear) this.#cut(ALL_POSITIVE);
    if (this.source.tiling !== Tiling.linear && !this.#isFill) {
      this.#cutSource();
    }
    this.#left = rectangle.left * this.depth;
    this.#sourceLeft = this.sourceLeft * this.depth;
    this.#width = (rectangle.right - rectangle.left) * this.depth;
    this.#height = rectangle.bottom - rectangle.top;
    this.#isBusy =
      this.#width > 0 &&
      this.#width <= LONGEST_ROW &&
      this.#height > 0 &&
      !isUpsideDown(this.destination) &&
      (this.#isFill || !isUpsideDown(this.source));
  }

  #cut(to: Rectangle): void {
    const { rectangle } = this;
    const left = Math.max(rectangle.left, to.left);
    const top = Math.max(rectangle.top, to.top);
    this.sourceLeft += left - rectangle.left;
    this.sourceTop += top - rectangle.top;
    rectangle.left = left;
    rectangle.top = top;
    rectangle.right = Math.min(rectangle.right, to.right);
    rectangle.bottom = Math.min(rectangle.bottom, to.bottom);
  }

  #cutSource(): void {
    const { rectangle } = this;
    const left = Math.max(0, -this.sourceLeft);
    const top = Math.max(0, -this.sourceTop);
    this.sourceLeft += left;
    this.sourceTop += top;
    rectangle.left += left;
    rectangle.top += top;
  }

  /** The result is the pattern or the source, all of it. */
  #isPlain(rop: number): boolean {
    return this.rop === rop && (this.depth !== 4 || this.mask === 0xffff_ffff);
  }

  /** Rows without a gap between them are one, which goes in blocks. */
  #mergeRows(): void {
    if (!this.#isBusy || !this.#isDirect) return;
    const { destination, source } = this;
    if (destination.pitch !== this.#width) return;
    if (!this.#isFill && source.pitch !== this.#width) return;
    this.#whole = this.#width * this.#height;
    this.#width = BLOCK;
    this.#height = Math.ceil(this.#whole / BLOCK);
  }

  #overlaps(): boolean {
    const { destination, source } = this;
    if (destination.memory !== source.memory) return false;
    const { top } = this.rectangle;
    const width = this.#width;
    const height = this.#height;
    return (
      destination.lowest(this.#left, top, height) <
        source.end(this.#sourceLeft, this.sourceTop, width, height) &&
      source.lowest(this.#sourceLeft, this.sourceTop, height) <
        destination.end(this.#left, top, width, height)
    );
  }

  /** The first row of the destination would overwrite rows of the source that are still to come. */
  #isBehindSource(): boolean {
    const { destination, source } = this;
    const to = destination.base + this.rectangle.top * destination.pitch;
    const from = source.base + this.sourceTop * source.pitch;
    return destination.pitch < 0 ? to < from : to > from;
  }

  #makeTemplate(): void {
    const { depth, color } = this;
    for (let i = 0; i < depth; i++) this.#template[i] = color >>> (i * 8);
    for (let done = depth; done < this.#template.length; done *= 2) {
      this.#template.copyWithin(done, 0, done);
    }
    const [a = 0, b = 0, c = 0, d = 0] = this.#template;
    this.#word = a | (b << 8) | (c << 16) | (d << 24);
  }

  #fillRow(row: number): void {
    const { memory } = this.destination;
    if (memory === undefined) return;
    const start = this.#start(this.destination, this.#left, this.rectangle.top, row);
    const length = this.#lengthOf(row);
    for (let done = 0; done < length;) {
      const part = memory.find(start + done, length - done, true);
      done +=
        part > 0
          ? this.#fillFound(memory, part, done)
          : this.#fillPage(memory, start, done, length);
    }
  }

  /** @param done - bytes of the row before */
  #fillFound(memory: PagedMemory, length: number, done: number): number {
    const { foundWords: words, foundAt: at } = memory;
    if (words !== undefined && ((at | length | done) & 3) === 0) {
      words.fill(this.#word, at >>> 2, (at + length) >>> 2);
    } else {
      const piece = memory.foundBytes.subarray(at, at + length);
      fillPiece(piece, this.#template, done & (this.depth - 1));
    }
    return length;
  }

  #fillPage(memory: PagedMemory, start: number, done: number, length: number): number {
    const part = Math.min(length - done, PAGE_SIZE - ((start + done) % PAGE_SIZE));
    const phase = done & (this.depth - 1);
    memory.write(start + done, this.#template.subarray(phase, phase + part));
    return part;
  }

  #copyRow(row: number): void {
    const { destination, source } = this;
    if (destination.memory === undefined || source.memory === undefined) return;
    const to = this.#start(destination, this.#left, this.rectangle.top, row);
    const from = this.#start(source, this.#sourceLeft, this.sourceTop, row);
    const length = this.#lengthOf(row);
    for (let done = 0; done < length;) {
      done += this.#copyPiece(
        destination.memory,
        to + done,
        source.memory,
        from + done,
        length - done,
      );
    }
  }

  #start(surface: Surface, left: number, top: number, row: number): number {
    if (this.#whole === 0) return surface.address(left, top + row);
    return surface.address(left, top) + row * BLOCK;
  }

  #lengthOf(row: number): number {
    return this.#whole === 0 ? this.#width : Math.min(BLOCK, this.#whole - row * BLOCK);
  }

  #copyPiece(
    toMemory: PagedMemory,
    to: number,
    fromMemory: PagedMemory,
    from: number,
    longest: number,
  ): number {
    const readable = fromMemory.find(from, longest, false);
    const { foundBytes: source, foundAt: sourceAt } = fromMemory;
    const length = readable === 0 ? 0 : toMemory.find(to, readable, true);
    if (length > 0) {
      const { foundBytes: target, foundAt: at } = toMemory;
      if (source === target) target.copyWithin(at, sourceAt, sourceAt + length);
      else target.set(source.subarray(sourceAt, sourceAt + length), at);
      return length;
    }
    const part = Math.min(longest, PAGE_SIZE - (from % PAGE_SIZE), PAGE_SIZE - (to % PAGE_SIZE));
    const buffer = this.#buffer(0, part);
    fromMemory.read(from, buffer);
    toMemory.write(to, buffer);
    return part;
  }

  /** A row over the buffer, mixed with what was there where that is asked for. */
  #mixRow(row: number): void {
    const y = this.rectangle.top + row;
    const result = this.#buffer(0, this.#width);
    if (!this.#isFill) this.source.read(this.#sourceLeft, this.sourceTop + row, result);
    if (this.#isPlain(this.#isFill ? ROP_PATTERN : ROP_SOURCE)) {
      if (this.#isFill) fillPiece(result, this.#template, 0);
    } else {
      const before = this.#buffer(1, this.#width);
      this.destination.read(this.#left, y, before);
      this.#mix(result, before);
    }
    this.destination.write(this.#left, y, result);
  }

  #mix(result: Uint8Array, before: Uint8Array): void {
    const { rop, depth } = this;
    const mask = depth === 4 ? this.mask : 0xffff_ffff;
    for (let i = 0; i < result.length; i++) {
      const shift = (i % 4) * 8;
      const lanes = (mask >>> shift) & 0xff;
      const old = before[i] ?? 0;
      const pattern = this.#isFill ? (this.color >>> ((i % depth) * 8)) & 0xff : 0;
      const fresh = rop3(rop, pattern, this.#isFill ? 0 : (result[i] ?? 0), old);
      result[i] = (old & ~lanes) | (fresh & lanes);
    }
  }

  /** One of two rows' buffers. */
  #buffer(which: 0 | 1, length: number): Uint8Array {
    this.#rows ??= new Uint8Array(2 * LONGEST_ROW);
    return this.#rows.subarray(which * LONGEST_ROW, which * LONGEST_ROW + length);
  }
}

function isUpsideDown({ tiling, pitch }: Surface): boolean {
  return tiling !== Tiling.linear && pitch <= 0;
}

const ALL_POSITIVE: Rectangle = { left: 0, top: 0, right: 0x1_0000, bottom: 0x1_0000 };

/** Fills with a template, of which the piece begins at `phase`. */
function fillPiece(piece: Uint8Array, template: Uint8Array, phase: number): void {
  for (let done = 0; done < piece.length;) {
    const length = Math.min(TEMPLATE, piece.length - done);
    piece.set(template.subarray(phase, phase + length), done);
    done += length;
  }
}
