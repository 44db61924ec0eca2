// Images of few colours as PNG (W3C, "Portable Network Graphics", third edition), which browsers read by themselves.

import { promisify } from 'node:util';
import { crc32, deflate, type ZlibOptions } from 'node:zlib';
import { plainDeflate } from './plain-deflate.ts';

/** Bytes before each row of pixels that name its filter; 0 is none. */
export const FILTER_SIZE = 1;

/** An image whose pixels are indices of colours. */
export interface IndexedImage {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Red, green, blue of each colour, 2 to 256 of them. */
  readonly palette: Uint8Array;
  /** A bit for each pixel with two colours, a byte with more; whole bytes in each row, behind its filter. */
  readonly rows: Uint8Array;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const INDEXED = 3;
const HEADER_SIZE = 13;
/** Length, type and checksum of a chunk. */
const CHUNK_SIZE = 12;
/** All the memory that zlib takes, with which it is fastest, and results in one piece. */
const MEMORY = { memLevel: 9, chunkSize: 2 ** 16 } as const;

const compress = promisify<Uint8Array, ZlibOptions, Uint8Array>(deflate);

/**
 * Makes a file of an image, whose rows must not change meanwhile. The work is done on Node's threads.
 *
 * @param level - of zlib, 1 to 9
 */
export async function encodePng(image: IndexedImage, level: number): Promise<Uint8Array> {
  return fileOf(image, await compress(image.rows, { level, ...MEMORY }));
}

/** Makes a file of an image at once, hardly smaller than its rows. */
export function encodePlainPng(image: IndexedImage): Uint8Array {
  return fileOf(image, plainDeflate(image.rows, image.rows.length / image.height));
}

function fileOf({ width, height, palette }: IndexedImage, pixels: Uint8Array): Uint8Array {
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([palette.length === 6 ? 1 : 8, INDEXED], 8);
  return Buffer.concat([
    SIGNATURE,
    ...chunk('IHDR', header),
    ...chunk('PLTE', palette),
    ...chunk('IDAT', pixels),
    ...chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(type: string, content: Uint8Array): readonly Uint8Array[] {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length, 0);
  head.write(type, 4, 'latin1');
  const sum = Buffer.alloc(CHUNK_SIZE - head.length);
  sum.writeUInt32BE(crc32(content, crc32(head.subarray(4))), 0);
  return [head, content, sum];
}
