// One update of a client's picture: what is copied, and rectangles in the encoding that suits them.

import type { Clock } from '@vfio-ts/core';
import { TIGHT_MAX_WIDTH, TightEncoder, writeImage, type TightOptions } from '../encode/tight.ts';
import type { FrameCopy } from '../screen/frame-copy.ts';
import { rectsOf } from '../screen/rects.ts';
import type { RowCopy } from '../screen/scroll.ts';
import { TileSet, type Rect } from '../screen/tiles.ts';
import type { ClientEncodings } from './encodings.ts';
import type { Output } from './output.ts';
import { converterTo, isTrueColour888, type ConvertRow, type PixelFormat } from './pixel-format.ts';
import { DESKTOP_SIZE_REASON, DESKTOP_SIZE_STATUS, ENCODING, SERVER } from './protocol.ts';

/** Milliseconds of encoding after which others have a turn. */
const SLICE = 2;
const MAX_RECTS = 0xffff;

/** What an update says beside pixels. */
export interface SizeNote {
  readonly width: number;
  readonly height: number;
  readonly kind: 'extended' | 'plain';
  /** Answers a client that has asked for another size: it does not get it. */
  readonly isRefusal?: boolean;
}

/** What is to be sent. */
export interface Update {
  /** All pixels are of this picture. It may change under way, if whoever changes it sends that later. */
  readonly picture: FrameCopy;
  /** What the client has; a rectangle ends where it does. */
  readonly size: { readonly width: number; readonly height: number };
  readonly tiles: TileSet;
  readonly copies: readonly RowCopy[];
  readonly note: SizeNote | undefined;
}

/** Where others get a turn. */
export interface UpdateHost {
  readonly clock: Clock;
  /** Resolves when others had a turn. */
  readonly turn: () => Promise<void>;
}

/** A rectangle that is sent as an image. */
interface Image {
  readonly rect: Rect;
  readonly bytes: Promise<Uint8Array>;
}

/** Encodes the updates of one connection. */
export class UpdateEncoder implements Disposable {
  readonly #output: Output;
  readonly #host: UpdateHost;
  #tight: TightEncoder | undefined;
  #convert: ConvertRow;
  #bytesPerPixel: number;
  #isTight = false;
  #isFull = true;
  #images: TightOptions['images'] = 'none';

  constructor(output: Output, host: UpdateHost, format: PixelFormat) {
    this.#output = output;
    this.#host = host;
    this.#convert = converterTo(format);
    this.#bytesPerPixel = format.bitsPerPixel / 8;
  }

  /** From the next update on. A zlib level is kept once a stream has begun with it. */
  configure(format: PixelFormat, encodings: ClientEncodings): void {
    this.#convert = converterTo(format);
    this.#bytesPerPixel = format.bitsPerPixel / 8;
    this.#isTight = encodings.hasTight && isTrueColour888(format);
    this.#isFull = !encodings.prefersRaw;
    const kind = encodings.hasPlainImages ? 'plain' : 'compressed';
    this.#images = encodings.hasTightPng ? kind : 'none';
    if (this.#isTight) this.#tight ??= new TightEncoder(encodings.level);
  }

  /** Writes an update, in the background; the next must not begin before it is done. */
  async write({ picture, size: theirs, tiles, copies, note }: Update): Promise<void> {
    const size = {
      width: Math.min(theirs.width, picture.width),
      height: Math.min(theirs.height, picture.height),
    };
    const maxWidth = this.#isTight ? TIGHT_MAX_WIDTH : 2 ** 16;
    let rects = rectsOf(tiles, size, maxWidth);
    if (rects.length + copies.length >= MAX_RECTS) {
      const all = new TileSet(picture.width, picture.height);
      all.addAll();
      rects = rectsOf(all, size, maxWidth);
    }
    const output = this.#output;
    const head = output.room(4);
    head.writeUInt16BE(SERVER.FRAMEBUFFER_UPDATE << 8, 0);
    head.writeUInt16BE(rects.length + copies.length + (note === undefined ? 0 : 1), 2);
    if (note !== undefined) this.#note(note);
    for (const { y, height, from } of copies) {
      this.#header({ x: 0, y, width: size.width, height }, ENCODING.COPY_RECT);
      output.room(4).writeUInt32BE(from);
    }
    const { clock, turn } = this.#host;
    const images: Image[] = [];
    let began = clock.now();
    for (const rect of rects) {
      await output.drained();
      const image = await this.#rect(picture, rect);
      if (image !== undefined) images.push(image);
      if (clock.now() - began < SLICE) continue;
      await turn();
      began = clock.now();
    }
    // Last of all: noVNC draws what is behind an image when that is read, and raw pixels are gone from its buffer then.
    for (const { rect, bytes } of images) {
      const image = await bytes;
      await output.drained();
      this.#header(rect, ENCODING.TIGHT_PNG);
      writeImage(image, output);
    }
  }

  [Symbol.dispose](): void {
    this.#tight?.[Symbol.dispose]();
  }

  /** @returns the image that is being made of it, which is not written */
  async #rect(picture: FrameCopy, rect: Rect): Promise<Image | undefined> {
    const { pixels, width } = picture;
    if (this.#isTight && this.#tight !== undefined) {
      const header = (): void => this.#header(rect, ENCODING.TIGHT);
      const options = { isFull: this.#isFull, images: this.#images };
      const args = [{ pixels, width }, rect, this.#output, header, options] as const;
      const encoded = await this.#tight.encode(...args);
      if (encoded.tag === 'image') return imageOf(rect, encoded.image);
      if (encoded.tag === 'written') return undefined;
    }
    this.#header(rect, ENCODING.RAW);
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      const room = this.#output.room(rect.width * this.#bytesPerPixel);
      this.#convert(pixels, y * width + rect.x, room);
    }
    return undefined;
  }

  #header({ x, y, width, height }: Rect, encoding: number): void {
    const header = this.#output.room(12);
    header.writeUInt16BE(x, 0);
    header.writeUInt16BE(y, 2);
    header.writeUInt16BE(width, 4);
    header.writeUInt16BE(height, 6);
    header.writeInt32BE(encoding, 8);
  }

  #note({ width, height, kind, isRefusal }: SizeNote): void {
    if (kind === 'plain') {
      this.#header({ x: 0, y: 0, width, height }, ENCODING.DESKTOP_SIZE);
      return;
    }
    const { SERVER: server, THIS_CLIENT } = DESKTOP_SIZE_REASON;
    const { OK, PROHIBITED } = DESKTOP_SIZE_STATUS;
    const [x, y] = isRefusal === true ? [THIS_CLIENT, PROHIBITED] : [server, OK];
    this.#header({ x, y, width, height }, ENCODING.EXTENDED_DESKTOP_SIZE);
    // One screen, which is all of it.
    const screens = this.#output.room(20);
    screens.fill(0).writeUInt8(1, 0);
    screens.writeUInt16BE(width, 12);
    screens.writeUInt16BE(height, 14);
  }
}

function imageOf(rect: Rect, bytes: Promise<Uint8Array>): Image {
  // It is waited for after others, one of which may fail first.
  bytes.catch(() => undefined);
  return { rect, bytes };
}
