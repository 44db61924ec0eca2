// Tight encoding, rfbproto.rst 7.7.6 "Tight Encoding": a rectangle of one colour is that colour, one of few colours is
// indices, everything else red, green, blue, each kind in a zlib stream of its own.

import type { Output } from '../rfb/output.ts';
import type { Rect } from '../screen/tiles.ts';
import { Colours, type Pixels } from './colours.ts';
import { Deflater } from './deflater.ts';

/** Pixels; wider rectangles are not allowed. */
export const TIGHT_MAX_WIDTH = 2048;

const FILL = 0x80;
const EXPLICIT_FILTER = 0x40;
const PALETTE_FILTER = 1;
/** Zlib streams by what is in them. */
const STREAM = { FULL: 0, MONO: 1, INDEXED: 2 } as const;
/** Fewer bytes than this are sent as they are, and without their length. */
const MIN_TO_COMPRESS = 12;
const TPIXEL = 3;

/** The tight encoder of one connection. */
export class TightEncoder implements Disposable {
  readonly #colours = new Colours();
  readonly #level: number;
  readonly #streams: (Deflater | undefined)[] = [];
  #rgb: Buffer = Buffer.alloc(0);

  /** @param level - of zlib, 1 to 9 */
  constructor(level: number) {
    this.#level = level;
  }

  /**
   * Writes what comes behind a rectangle's header, if the rectangle has at most 256 colours or `isFull`.
   *
   * @returns whether there was something to write it as; otherwise nothing has been written
   */
  async encode(
    picture: Pixels,
    rect: Rect,
    output: Output,
    header: () => void,
    isFull: boolean,
  ): Promise<boolean> {
    const colours = this.#colours;
    const count = colours.count(picture, rect);
    if (count === 0 && !isFull) return false;
    header();
    if (count === 0) {
      output.bytes([STREAM.FULL << 4]);
      await this.#compressed(STREAM.FULL, this.#fullColour(picture, rect), output);
    } else if (count === 1) {
      output.bytes([FILL]);
      output.bytes(tpixels(colours.list, 1));
    } else {
      const stream = count === 2 ? STREAM.MONO : STREAM.INDEXED;
      output.bytes([EXPLICIT_FILTER | (stream << 4), PALETTE_FILTER, count - 1]);
      output.bytes(tpixels(colours.list, count));
      await this.#compressed(stream, colours.bytes, output);
    }
    return true;
  }

  /** Ends the streams. */
  [Symbol.dispose](): void {
    for (const stream of this.#streams) stream?.[Symbol.dispose]();
  }

  async #compressed(stream: number, bytes: Buffer, output: Output): Promise<void> {
    if (bytes.length < MIN_TO_COMPRESS) {
      output.bytes(bytes);
      return;
    }
    this.#streams[stream] ??= new Deflater(this.#level);
    const compressed = await this.#streams[stream].deflate(bytes);
    output.bytes(compactLength(compressed.length));
    output.bytes(compressed);
  }

  #fullColour({ pixels, width }: Pixels, rect: Rect): Buffer {
    const length = rect.width * rect.height * TPIXEL;
    if (this.#rgb.length < length) this.#rgb = Buffer.alloc(length);
    const rgb = this.#rgb;
    let to = 0;
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      for (let i = y * width + rect.x, end = i + rect.width; i < end; i++, to += TPIXEL) {
        const pixel = pixels[i] ?? 0;
        rgb[to] = pixel >>> 16;
        rgb[to + 1] = pixel >>> 8;
        rgb[to + 2] = pixel;
      }
    }
    return rgb.subarray(0, length);
  }
}

/** Colours as red, green, blue. */
function tpixels(colours: Uint32Array, count: number): Uint8Array {
  const bytes = new Uint8Array(count * TPIXEL);
  for (let i = 0; i < count; i++) {
    const colour = colours[i] ?? 0;
    bytes.set([colour >>> 16, colour >>> 8, colour], i * TPIXEL);
  }
  return bytes;
}

/** A length in one to three bytes, seven bits in each of the first two. */
function compactLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x4000) return Uint8Array.of((length & 0x7f) | 0x80, length >>> 7);
  return Uint8Array.of((length & 0x7f) | 0x80, ((length >>> 7) & 0x7f) | 0x80, length >>> 14);
}
