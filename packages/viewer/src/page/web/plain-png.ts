// Images as the server makes them for a page on its own machine: PNG of few colours, with rows as they are or as the
// row above. To read just that takes a fraction of the time that browsers take to decode a PNG.

import { PlainInflate } from './plain-inflate.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const INDEXED = 3;
const COLOURS = 256;

/** What matters of a file. */
interface Image {
  readonly width: number;
  readonly height: number;
  /** Bits of a pixel. */
  readonly depth: number;
  readonly palette: Uint32Array;
  /** The zlib stream. */
  readonly stream: Uint8Array;
}

/** Reads such images, one at a time: the pixels of the last are gone with the next. */
export class PlainPngReader {
  #room = new ArrayBuffer(0);

  /** @returns red, green, blue, 255 of each pixel; `undefined` where it is another kind of file, or another size */
  read(file: Uint8Array, width: number, height: number): Uint8Array | undefined {
    const image = imageOf(file);
    if (image === undefined || image.width !== width || image.height !== height) return undefined;
    const length = width * height * 4;
    if (this.#room.byteLength < length) this.#room = new ArrayBuffer(length);
    const isWhole = readRows(image, new Uint32Array(this.#room, 0, width * height));
    return isWhole ? new Uint8Array(this.#room, 0, length) : undefined;
  }
}

function imageOf(file: Uint8Array): Image | undefined {
  if (SIGNATURE.some((byte, i) => file[i] !== byte)) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  let header: DataView | undefined;
  let palette: Uint32Array | undefined;
  for (let at = SIGNATURE.length; at + 8 <= file.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const content = file.subarray(at + 8, at + 8 + length);
    if (content.length < length) return undefined;
    if (type === 'IHDR' && length === 13) header = new DataView(file.buffer, content.byteOffset);
    else if (type === 'PLTE') palette = paletteOf(content);
    else if (type !== 'IDAT' || header === undefined || palette === undefined) return undefined;
    else if (header.getUint8(9) !== INDEXED) return undefined;
    else {
      const [width, height, depth] = [header.getUint32(0), header.getUint32(4), header.getUint8(8)];
      return { width, height, depth, palette, stream: content };
    }
    at += 12 + length;
  }
  return undefined;
}

/** Colours as a canvas has them in memory. */
function paletteOf(content: Uint8Array): Uint32Array {
  const bytes = new Uint8Array(COLOURS * 4).fill(255);
  for (let i = 0; i * 3 < content.length && i < COLOURS; i++) {
    bytes.set(content.subarray(i * 3, i * 3 + 3), i * 4);
  }
  return new Uint32Array(bytes.buffer);
}

/** @returns whether these are all pixels, and no more */
function readRows({ width, depth, palette, stream }: Image, pixels: Uint32Array): boolean {
  const expand = EXPAND.get(depth);
  if (expand === undefined) return false;
  const rowLength = 1 + Math.ceil((width * depth) / 8);
  const inflate = new PlainInflate(stream, rowLength);
  let to = 0;
  for (let block = inflate.next(); block !== undefined; block = inflate.next()) {
    if (to + block.rows * width > pixels.length) return false;
    const end = to + block.rows * width;
    if (block.bytes === undefined) {
      if (to === 0) return false;
      for (; to < end; to += width) pixels.copyWithin(to, to - width, to);
      continue;
    }
    for (let from = 0; to < end; from += rowLength, to += width) {
      // The filter of a row: none.
      if (block.bytes[from] !== 0) return false;
      expand(block.bytes, from + 1, palette, pixels.subarray(to, to + width));
    }
  }
  return inflate.isOver && to === pixels.length;
}

/** Makes pixels of a row, which is `row.length` of them. */
type Expand = (bytes: Uint8Array, from: number, palette: Uint32Array, row: Uint32Array) => void;

const EXPAND: ReadonlyMap<number, Expand> = new Map([
  [1, expandBits],
  [8, expandBytes],
]);

function expandBits(bytes: Uint8Array, from: number, palette: Uint32Array, row: Uint32Array): void {
  const zero = palette[0] ?? 0;
  const difference = zero ^ (palette[1] ?? 0);
  let at = from;
  let to = 0;
  // Text is as good as random: without branches, nothing is guessed wrong.
  for (; to + 8 <= row.length; to += 8) {
    const byte = (bytes[at++] ?? 0) << 24;
    row[to] = zero ^ (difference & (byte >> 31));
    row[to + 1] = zero ^ (difference & ((byte << 1) >> 31));
    row[to + 2] = zero ^ (difference & ((byte << 2) >> 31));
    row[to + 3] = zero ^ (difference & ((byte << 3) >> 31));
    row[to + 4] = zero ^ (difference & ((byte << 4) >> 31));
    row[to + 5] = zero ^ (difference & ((byte << 5) >> 31));
    row[to + 6] = zero ^ (difference & ((byte << 6) >> 31));
    row[to + 7] = zero ^ (difference & ((byte << 7) >> 31));
  }
  const last = (bytes[at] ?? 0) << 24;
  for (let bit = 0; to < row.length; bit++) row[to++] = zero ^ (difference & ((last << bit) >> 31));
}

function expandBytes(
  bytes: Uint8Array,
  from: number,
  palette: Uint32Array,
  row: Uint32Array,
): void {
  for (let i = 0; i < row.length; i++) row[i] = palette[bytes[from + i] ?? 0] ?? 0;
}
