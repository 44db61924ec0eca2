// A part of a file in memory, which moves with what is read.

import type { TapeFile } from './tape-file.ts';

/** Reads a file in pieces of one size, forwards or backwards. */
export class FileWindow {
  readonly #file: TapeFile;
  readonly #buffer: Uint8Array;
  #offset = 0;
  #length = 0;

  constructor(file: TapeFile, size: number) {
    this.#file = file;
    this.#buffer = new Uint8Array(size);
  }

  /** Forgets what it has: the file has been written. */
  forget(): void {
    this.#length = 0;
  }

  /**
   * Some bytes of the file, fewer where it ends; good until the next call.
   *
   * @throws `EIO`
   */
  bytes(offset: number, length: number): Promise<Uint8Array> | Uint8Array {
    const at = offset - this.#offset;
    if (at >= 0 && at + length <= this.#length) return this.#buffer.subarray(at, at + length);
    return length > this.#buffer.length ? this.#direct(offset, length) : this.#fill(offset, length);
  }

  async #direct(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await this.#file.read(bytes, offset));
  }

  async #fill(offset: number, length: number): Promise<Uint8Array> {
    const isBackward = this.#length > 0 && offset < this.#offset;
    const start = isBackward ? Math.max(0, offset + length - this.#buffer.length) : offset;
    this.#length = 0;
    this.#length = await this.#file.read(this.#buffer, start);
    this.#offset = start;
    const at = offset - start;
    return this.#buffer.subarray(Math.min(at, this.#length), Math.min(at + length, this.#length));
  }
}
