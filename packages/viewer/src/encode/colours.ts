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
    // A bit in which the two differ, so that it says which of them a pixel has.
    const telling = 31 - Math.clz32(second);
    let to = 0;
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      to = this.#skip(bits, to);
      let i = y * width + rect.x;
      let others = 0;
      for (const end = i + rect.width; i < end;) {
        let byte = 0;
        const stop = Math.min(i + 8, end);
        const unused = 8 - (stop - i);
        // Text is as good as random: without branches, nothing is guessed wrong.
        for (; i < stop; i++) {
          const difference = ((pixels[i] ?? 0) ^ first) & RGB;
          const bit = (difference >>> telling) & 1;
          others |= difference ^ (second & -bit);
          byte = (byte << 1) | bit;
        }
        bits[to++] = byte << unused;
      }
      if (others !== 0) return 0;
    }
    return 2;
  }

  #countMany({ pixels, width }: Pixels, rect: Rect, indices: Buffer): number {
    this.#keys.fill(EMPTY);
    this.#size = 0;
    let to = 0;
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      to = this.#skip(indices, to);
      for (let i = y * width + rect.x, end = i + rect.width; i < end;) {
        const pixel = pixels[i] ?? 0;
        const index = this.#indexOf(pixel & RGB);
        if (index === EMPTY) return 0;
        do indices[to++] = index;
        while (++i < end && pixels[i] === pixel);
      }
    }
    return this.#size;
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

  #skip(bytes: Buffer, at: number): number {
    for (let i = at; i < at + this.#gap; i++) bytes[i] = 0;
    return at + this.#gap;
  }

  #room(length: number): Buffer {
    const { buffer } = this.#bytes;
    return Buffer.from(buffer.byteLength >= length ? buffer : new ArrayBuffer(length), 0, length);
  }
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
