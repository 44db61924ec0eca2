// How many colours a rectangle has, and its pixels as indices of them. The pixels' top byte means nothing.

import type { Rect } from '../screen/tiles.ts';

/** Pixels of a picture, row by row without gaps. */
export interface Pixels {
  readonly pixels: Uint32Array;
  /** Pixels of a row. */
  readonly width: number;
}

/** Colours that an index of one byte reaches. */
export const MAX_COLOURS = 256;

const RGB = 0xff_ffff;
/** Slots of the look-up table, a power of two. */
const SLOTS = 1024;
const EMPTY = -1;

/** The colours of one rectangle at a time. Its memory is used again for the next. */
export class Colours {
  /** `0xrrggbb`, by index. */
  readonly list: Uint32Array = new Uint32Array(MAX_COLOURS);
  readonly #keys = new Int32Array(SLOTS);
  readonly #indices = new Uint8Array(SLOTS);
  readonly #gap: number;
  #size = 0;
  #bytes: Buffer = Buffer.alloc(0);

  /** @param gap - bytes before each row of pixels, which are 0 */
  constructor(gap = 0) {
    this.#gap = gap;
  }

  /** The pixels of the last rectangle: a bit each in rows of whole bytes with two colours, a byte each with more. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /**
   * Counts the colours of a rectangle.
   *
   * @returns 1 to 256; 0 where it has more, and then there are neither colours nor pixels
   */
  count(picture: Pixels, rect: Rect): number {
    const row = Math.ceil(rect.width / 8);
    const bits = this.#room((this.#gap + row) * rect.height);
    const few = this.#countTwo(picture, rect, bits);
    if (few > 0) {
      this.#bytes = bits;
      return few;
    }
    const indices = this.#room((this.#gap + rect.width) * rect.height);
    const many = this.#countMany(picture, rect, indices);
    this.#bytes = indices;
    return many;
  }

  /** @returns 1 or 2; 0 where there are more */
  #countTwo(picture: Pixels, rect: Rect, bits: Buffer): number {
    const { pixels, width } = picture;
    const first = (pixels[rect.y * width + rect.x] ?? 0) & RGB;
    // A colour by what it has other than the first.
    const second = differenceFrom(first, picture, rect);
    this.list[0] = first;
    if (second === 0) return 1;
    this.list[1] = first ^ second;
    const isTwo = this.#fill(picture, rect, bits, (from, to) => {
      let i = from;
      let at = to;
      const end = from + rect.width;
      let found = 0;
      for (; i + 8 <= end; i += 8) {
        const eight = bitsOfEight(pixels, i, first, second);
        found |= eight;
        bits[at++] = eight;
      }
      let last = 0;
      for (let bit = 0x80; i < end; i++, bit >>>= 1) {
        const difference = ((pixels[i] ?? 0) ^ first) & RGB;
        if (difference === second) last |= bit;
        else if (difference !== 0) return false;
      }
      if (rect.width % 8 > 0) bits[at] = last;
      return found >>> 8 === 0;
    });
    return isTwo ? 2 : 0;
  }

  #countMany(picture: Pixels, rect: Rect, indices: Buffer): number {
    const { pixels } = picture;
    this.#keys.fill(EMPTY);
    this.#size = 0;
    const isAll = this.#fill(picture, rect, indices, (from, to) => {
      let at = to;
      for (let i = from, end = from + rect.width; i < end;) {
        const pixel = pixels[i] ?? 0;
        const index = this.#indexOf(pixel & RGB);
        if (index === EMPTY) return false;
        do indices[at++] = index;
        while (++i < end && pixels[i] === pixel);
      }
      return true;
    });
    return isAll ? this.#size : 0;
  }

  /**
   * Fills the bytes row by row; those that repeat the row above need not be looked at.
   *
   * @param row - fills a row, from this pixel and to this byte on; ends it all with `false`
   */
  #fill(
    { pixels, width }: Pixels,
    rect: Rect,
    bytes: Buffer,
    row: (from: number, to: number) => boolean,
  ): boolean {
    const source = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    const stride = width * pixels.BYTES_PER_ELEMENT;
    const rowLength = bytes.length / rect.height;
    for (let y = 0; y < rect.height; y++) {
      const from = (rect.y + y) * width + rect.x;
      const at = from * pixels.BYTES_PER_ELEMENT;
      const end = at + rect.width * pixels.BYTES_PER_ELEMENT;
      const to = y * rowLength;
      if (y > 0 && source.compare(source, at - stride, end - stride, at, end) === 0) {
        bytes.copyWithin(to, to - rowLength, to);
      } else {
        bytes.fill(0, to, to + this.#gap);
        if (!row(from, to + this.#gap)) return false;
      }
    }
    return true;
  }

  /** @returns -1 where there is no room for a colour */
  #indexOf(colour: number): number {
    const keys = this.#keys;
    let slot = Math.imul(colour, 0x9e37_79b1) >>> 22;
    while (keys[slot] !== colour) {
      if (keys[slot] === EMPTY) {
        if (this.#size === MAX_COLOURS) return EMPTY;
        keys[slot] = colour;
        this.#indices[slot] = this.#size;
        this.list[this.#size] = colour;
        return this.#size++;
      }
      slot = (slot + 1) % SLOTS;
    }
    return this.#indices[slot] ?? 0;
  }

  #room(length: number): Buffer {
    const { buffer } = this.#bytes;
    return Buffer.from(buffer.byteLength >= length ? buffer : new ArrayBuffer(length), 0, length);
  }
}

/**
 * Eight pixels of two colours, of which the second is told by what it has other than the first.
 *
 * @returns a bit for each, the first the highest; above them others, for a pixel of another colour
 */
function bitsOfEight(pixels: Uint32Array, at: number, first: number, second: number): number {
  // A bit in which the two differ is the highest of what says which of them a pixel has. Text is as good as random:
  // without branches, nothing is guessed wrong.
  const shift = Math.clz32(second);
  const a = (pixels[at] ?? 0) ^ first;
  const b = (pixels[at + 1] ?? 0) ^ first;
  const c = (pixels[at + 2] ?? 0) ^ first;
  const d = (pixels[at + 3] ?? 0) ^ first;
  const e = (pixels[at + 4] ?? 0) ^ first;
  const f = (pixels[at + 5] ?? 0) ^ first;
  const g = (pixels[at + 6] ?? 0) ^ first;
  const h = (pixels[at + 7] ?? 0) ^ first;
  const isA = (a << shift) >> 31;
  const isB = (b << shift) >> 31;
  const isC = (c << shift) >> 31;
  const isD = (d << shift) >> 31;
  const isE = (e << shift) >> 31;
  const isF = (f << shift) >> 31;
  const isG = (g << shift) >> 31;
  const isH = (h << shift) >> 31;
  const others =
    (a ^ (second & isA)) |
    (b ^ (second & isB)) |
    (c ^ (second & isC)) |
    (d ^ (second & isD)) |
    (e ^ (second & isE)) |
    (f ^ (second & isF)) |
    (g ^ (second & isG)) |
    (h ^ (second & isH));
  const high = (isA & 0x80) | (isB & 0x40) | (isC & 0x20) | (isD & 0x10);
  return (others << 8) | high | (isE & 8) | (isF & 4) | (isG & 2) | (isH & 1);
}

/** The first colour of a rectangle that is another one, by how it differs; 0 where there is none. */
function differenceFrom(colour: number, { pixels, width }: Pixels, rect: Rect): number {
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let i = y * width + rect.x, end = i + rect.width; i < end; i++) {
      const difference = ((pixels[i] ?? 0) & RGB) ^ colour;
      if (difference !== 0) return difference;
    }
  }
  return 0;
}
