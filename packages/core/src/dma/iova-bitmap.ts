// Concepts: a dirty bitmap as VFIO reports it. Bit k stands for the page at iova + k * page size, whether or not
// iova is a multiple of the page size; bytes are those of an array of little-endian 64-bit words.

import type { DirtySink } from '../ops.ts';
import { VfioError } from '../errno.ts';

/** The most pages one bitmap can have, as `DIRTY_BITMAP_PAGES_MAX` of the kernel's type1 driver. */
export const DIRTY_BITMAP_PAGES_MAX: number = 2 ** 31 - 1;

/** Which pages of one range are dirty. Counterpart of `struct iova_bitmap`. */
export class IovaBitmap implements DirtySink {
  readonly iova: number;
  /** Bytes covered. */
  readonly length: number;
  /** Bytes for each bit. */
  readonly pageSize: number;
  /** The bitmap, whole 64-bit words; bits past the range stay zero. */
  readonly bytes: Uint8Array;

  /**
   * @throws `EINVAL` length 0, page size not a power of two, more than `DIRTY_BITMAP_PAGES_MAX` pages
   * @throws `ENOMEM` the bitmap does not fit
   */
  constructor(iova: number, length: number, pageSize: number) {
    this.bytes = newBytes(IovaBitmap.byteLength(length, pageSize));
    this.iova = iova;
    this.length = length;
    this.pageSize = pageSize;
  }

  /**
   * Bytes the bitmap of a range has.
   *
   * @throws `EINVAL` as the constructor
   */
  static byteLength(length: number, pageSize: number): number {
    if (!isPowerOfTwo(pageSize)) {
      throw new VfioError('EINVAL', 'IovaBitmap', `page size ${pageSize} is not a power of two`);
    }
    const pages = Math.ceil(length / pageSize);
    if (!(pages > 0) || pages > DIRTY_BITMAP_PAGES_MAX) {
      throw new VfioError('EINVAL', 'IovaBitmap', `length 0x${length.toString(16)} has no bitmap`);
    }
    return Math.ceil(pages / 64) * 8;
  }

  set(iova: number, length: number): void {
    const start = Math.max(iova - this.iova, 0);
    const end = Math.min(iova - this.iova + length, this.length);
    if (!(start < end)) return;
    const first = Math.floor(start / this.pageSize);
    const last = Math.floor((end - 1) / this.pageSize);
    setBits(this.bytes, first, last);
  }

  /** Tells whether the page of the range that holds `iova` is dirty; false outside the range. */
  has(iova: number): boolean {
    if (iova < this.iova || iova >= this.iova + this.length) return false;
    const bit = Math.floor((iova - this.iova) / this.pageSize);
    return ((this.bytes[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  /**
   * Adds the bitmap to a caller's, whose other bits stay as they are.
   *
   * @throws `EINVAL` `into` is shorter than the bitmap
   */
  mergeInto(into: Uint8Array): void {
    if (into.length < this.bytes.length) {
      throw new VfioError('EINVAL', 'IovaBitmap', `${into.length} bytes do not hold the bitmap`);
    }
    for (let i = 0; i < this.bytes.length; i++) {
      into[i] = (into[i] ?? 0) | (this.bytes[i] ?? 0);
    }
  }
}

function newBytes(length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new VfioError('ENOMEM', 'IovaBitmap', `no ${length} bytes`, { cause });
  }
}

/** Tells whether `value` is 1, 2, 4 … up to 2^52. */
export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}

/** Sets bits `first` to `last`, both included; bit k is bit k % 8 of byte k / 8. */
function setBits(bytes: Uint8Array, first: number, last: number): void {
  const firstByte = first >>> 3;
  const lastByte = last >>> 3;
  const head = (0xff << (first & 7)) & 0xff;
  const tail = 0xff >>> (7 - (last & 7));
  if (firstByte === lastByte) {
    bytes[firstByte] = (bytes[firstByte] ?? 0) | (head & tail);
    return;
  }
  bytes[firstByte] = (bytes[firstByte] ?? 0) | head;
  bytes.fill(0xff, firstByte + 1, lastByte);
  bytes[lastByte] = (bytes[lastByte] ?? 0) | tail;
}
