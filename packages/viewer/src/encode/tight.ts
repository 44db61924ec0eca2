// Tight encoding, rfbproto.rst 7.7.6 "Tight Encoding": a rectangle of one colour is that colour, one of few colours is
// indices, everything else red, green, blue, each kind in a zlib stream of its own. TightPng, which browsers know beside
// it: indices are an image.

import type { Output } from '../rfb/output.ts';
import type { Rect } from '../screen/tiles.ts';
import { Colours, type Pixels } from './colours.ts';
import { Deflater } from './deflater.ts';
import { encodePlainPng, encodePng, FILTER_SIZE } from './png.ts';

/** Pixels; wider rectangles are not allowed. */
export const TIGHT_MAX_WIDTH = 2048;

/** An image costs a browser more than pixels do where there are fewer than these, more than a row of tiles has. */
const MIN_IMAGE = 2 ** 15;

/** Images in the making whose memory is used again. */
const MAX_SPARE = 8;

const FILL = 0x80;
const PNG = 0xa0;
const EXPLICIT_FILTER = 0x40;
const PALETTE_FILTER = 1;
/** Zlib streams by what is in them. */
const STREAM = { FULL: 0, MONO: 1, INDEXED: 2 } as const;
/** Fewer bytes than this are sent as they are, and without their length. */
const MIN_TO_COMPRESS = 12;
const TPIXEL = 3;

/** What a client takes beside one or few colours. */
export interface TightOptions {
  /** More than 256 colours; otherwise they are nobody's. */
  readonly isFull: boolean;
  /** Images of TightPng; plain ones are made at once, and are large. */
  readonly images: 'none' | 'plain' | 'compressed';
}

/** What has become of a rectangle. */
export type Encoded =
  /** It is written. */
  | { readonly tag: 'written' }
  /** It has too many colours; nothing is written. */
  | { readonly tag: 'refused' }
  /** It is being made an image of; nothing is written, that is for {@link writeImage} behind a header of TightPng. */
  | { readonly tag: 'image'; readonly image: Promise<Uint8Array> };

/** The tight encoder of one connection. */
export class TightEncoder implements Disposable {
  readonly #colours = new Colours();
  /** For images, those of which none is being made. */
  readonly #spare: Colours[] = [];
  readonly #level: number;
  readonly #streams: (Deflater | undefined)[] = [];
  #rgb: Buffer = Buffer.alloc(0);

  /** @param level - of zlib, 1 to 9 */
  constructor(level: number) {
    this.#level = level;
  }

  /** Writes a rectangle, `header` before it. */
  async encode(
    picture: Pixels,
    rect: Rect,
    output: Output,
    header: () => void,
    { isFull, images }: TightOptions,
  ): Promise<Encoded> {
    const isImage = images !== 'none' && rect.width * rect.height >= MIN_IMAGE;
    const colours = isImage ? (this.#spare.pop() ?? new Colours(FILTER_SIZE)) : this.#colours;
    const count = colours.count(picture, rect);
    if (isImage && count > 1) {
      return { tag: 'image', image: this.#image(rect, colours, count, images === 'plain') };
    }
    if (isImage) this.#spare.push(colours);
    if (count === 0 && !isFull) return { tag: 'refused' };
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
    return { tag: 'written' };
  }

  /** Ends the streams. */
  [Symbol.dispose](): void {
    for (const stream of this.#streams) stream?.[Symbol.dispose]();
  }

  async #image(
    { width, height }: Rect,
    colours: Colours,
    count: number,
    isPlain: boolean,
  ): Promise<Uint8Array> {
    const palette = tpixels(colours.list, count);
    const image = { width, height, palette, rows: colours.bytes };
    const file = isPlain ? encodePlainPng(image) : await encodePng(image, this.#level);
    if (this.#spare.length < MAX_SPARE) this.#spare.push(colours);
    return file;
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

/** Writes an image, behind the header of its rectangle. */
export function writeImage(image: Uint8Array, output: Output): void {
  output.bytes([PNG]);
  output.bytes(compactLength(image.length));
  output.bytes(image);
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
