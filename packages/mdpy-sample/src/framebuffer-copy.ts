// What the other side of a migration has of the frame buffer.
//
// The guest writes the frame buffer through its own mapping, which no trap sees and, unlike the pages of a virtual
// machine, nobody logs. So each pass compares it page by page with what was sent last. That costs a second frame
// buffer of memory while the device is saved (2 to 8 MiB), and 0.3 ms for each MiB of each pass; a checksum for each
// page would be smaller, and now and then wrong. Both sides begin with zeros, so empty pages are never sent.

import { PAGE_SIZE } from '@vfio-ts/core';

const WORD = 4;

/** Pages that follow one another, bytes. */
export interface PageRun {
  readonly offset: number;
  /** As they were sent. */
  readonly bytes: Uint8Array;
}

/** A copy of the frame buffer as it was sent last. */
export class FramebufferCopy {
  readonly #sent: Uint8Array;

  /** @param size - bytes of the frame buffer, a multiple of the page size */
  constructor(size: number) {
    this.#sent = new Uint8Array(size);
  }

  /**
   * Brings the first pages up to date that differ, and gives them.
   *
   * @param from - offset of the first page looked at
   * @param most - bytes at most, whole pages
   * @returns `undefined` where none differs up to the end
   */
  next(framebuffer: Uint8Array, from: number, most: number): PageRun | undefined {
    const live = words(framebuffer);
    const sent = words(this.#sent);
    let start = from;
    while (start < framebuffer.length && isSame(live, sent, start)) start += PAGE_SIZE;
    if (start >= framebuffer.length) return undefined;
    const limit = Math.min(framebuffer.length, start + most);
    let end = start + PAGE_SIZE;
    while (end < limit && !isSame(live, sent, end)) end += PAGE_SIZE;
    // Sent is what is kept, not what the guest has made of it by then.
    this.#sent.set(framebuffer.subarray(start, end), start);
    return { offset: start, bytes: this.#sent.subarray(start, end) };
  }

  /** Bytes of the pages from `from` up to `to` that differ. */
  dirtyBytes(framebuffer: Uint8Array, from = 0, to: number = framebuffer.length): number {
    const live = words(framebuffer);
    const sent = words(this.#sent);
    let bytes = 0;
    for (let at = from; at < to; at += PAGE_SIZE) {
      if (!isSame(live, sent, at)) bytes += PAGE_SIZE;
    }
    return bytes;
  }
}

function words({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length / WORD);
}

function isSame(a: Uint32Array, b: Uint32Array, offset: number): boolean {
  const end = (offset + PAGE_SIZE) / WORD;
  for (let i = offset / WORD; i < end; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}
