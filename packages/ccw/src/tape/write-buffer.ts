// Blocks that were written and wait for the end of their channel program. What is behind the first of them in the
// file is cut off before any is written: whoever dies then leaves a file that ends with a whole block, or with a part
// of one.

import type { AwsBlock } from './aws-header.ts';
import type { TapePosition } from './block-walk.ts';
import type { TapeFile } from './tape-file.ts';

/** Blocks on their way to a file. */
export class WriteBuffer {
  readonly #file: TapeFile;
  /** Bytes of the file. */
  #fileSize: number;
  #from: TapePosition | undefined;
  #parts: Uint8Array[] = [];
  #size = 0;
  #isDurable = true;

  constructor(file: TapeFile, fileSize: number) {
    this.#file = file;
    this.#fileSize = fileSize;
  }

  /** Where the blocks begin that wait; `undefined` where none does. */
  get from(): TapePosition | undefined {
    return this.#from;
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds a block behind those that wait. */
  add(at: TapePosition, { parts, size }: AwsBlock): void {
    this.cut(at);
    this.#parts.push(...parts);
    this.#size += size;
  }

  /** Nothing is to be behind a place: where blocks wait it is behind the last of them. */
  cut(at: TapePosition): void {
    this.#from ??= at;
  }

  /**
   * Writes what waits. When it fails nothing waits any more, and the file ends where it would have begun.
   *
   * @throws `EIO`, `ENOSPC`
   */
  async flush(): Promise<void> {
    const from = this.#from;
    if (from === undefined) return;
    const parts = this.#parts;
    const size = this.#size;
    this.#from = undefined;
    this.#parts = [];
    this.#size = 0;
    if (size === 0 && this.#fileSize <= from.offset) return;
    this.#isDurable = false;
    try {
      await this.#cutFile(from.offset);
      await this.#file.write(parts, from.offset);
      this.#fileSize = from.offset + size;
    } catch (error) {
      // The next one to write finds out what is there.
      this.#fileSize = Number.POSITIVE_INFINITY;
      await this.#cutFile(from.offset).catch(() => undefined);
      throw error;
    }
  }

  /** Writes what waits, and makes durable what was written. @throws `EIO`, `ENOSPC` */
  async sync(): Promise<void> {
    await this.flush();
    if (this.#isDurable) return;
    await this.#file.sync();
    this.#isDurable = true;
  }

  async #cutFile(size: number): Promise<void> {
    if (this.#fileSize <= size) return;
    await this.#file.truncate(size);
    this.#fileSize = size;
  }
}
