// Memory that replies are built in and data is seen through, kept from message to message.

import type { FrameBuffer } from './transport.ts';

const SMALL = 8;

/**
 * Views of the first `length` bytes from a fixed place of a buffer. Lengths up to 8, those of registers, have
 * theirs ready, so that an access allocates nothing.
 */
export class DataWindow {
  readonly #at: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #small: Uint8Array[] = [];
  #large: Uint8Array = new Uint8Array(0);

  /** @param at - where data starts, bytes from the start of the buffer */
  constructor(at: number) {
    this.#at = at;
  }

  /** The window into `bytes`, which is at least `at + length` long. */
  of(bytes: Uint8Array, length: number): Uint8Array {
    if (bytes !== this.#bytes) this.#rebase(bytes);
    const small = this.#small[length];
    if (small !== undefined) return small;
    if (this.#large.length !== length) this.#large = this.#view(length);
    return this.#large;
  }

  #rebase(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#large = new Uint8Array(0);
    const room = Math.min(SMALL, Math.max(0, bytes.length - this.#at));
    this.#small = Array.from({ length: room + 1 }, (_, length) => this.#view(length));
  }

  #view(length: number): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#at + length);
  }
}

/** A buffer for one outgoing message; grows to the longest it has seen. */
export class ReplyBuffer implements FrameBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;

  /** @param capacity - bytes to begin with */
  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for a message of `length` bytes. Content is not kept when the buffer grows. */
  reserve(length: number): void {
    if (length <= this.bytes.length) return;
    this.bytes = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
    this.view = new DataView(this.bytes.buffer);
  }
}
