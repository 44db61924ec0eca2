// Bytes on their way to a client, in a few large pieces whose memory is used again.

import type { Writable } from 'node:stream';
import { allocCopyTarget } from '../copy-target.ts';

/** Bytes of a piece: large enough that pieces cost nothing, small enough that a browser draws while more comes. */
const PIECE = 2 ** 18;
/** Bytes on their way above which no more follow. */
const MAX_PENDING = 2 ** 20;
/** Pieces kept for further use. */
const MAX_SPARE = 8;

/** Gathers what is written, and hands it to a stream piece by piece. */
export class Output {
  readonly #stream: Writable;
  readonly #onWritten: () => void;
  readonly #spare: Buffer[] = [];
  #piece: Buffer = allocCopyTarget(PIECE);
  #used = 0;
  #pending = 0;
  #drained: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  /** @param onWritten - called when the stream has passed a piece on */
  constructor(stream: Writable, onWritten: () => void) {
    this.#stream = stream;
    this.#onWritten = onWritten;
  }

  /** Whether so little is on its way that more may follow. */
  get hasRoom(): boolean {
    return this.#pending < MAX_PENDING;
  }

  /** Bytes the stream has been given and has not passed on. */
  get pending(): number {
    return this.#pending;
  }

  /** Bytes to be filled in at once, `length` of them, at most 64 KiB. */
  room(length: number): Buffer {
    if (this.#used + length > PIECE) this.flush();
    const room = this.#piece.subarray(this.#used, this.#used + length);
    this.#used += length;
    return room;
  }

  /** Bytes, copied. */
  bytes(given: Uint8Array | readonly number[]): void {
    const bytes = given instanceof Uint8Array ? given : Uint8Array.from(given);
    for (let at = 0; at < bytes.length;) {
      if (this.#used === PIECE) this.flush();
      const part = bytes.subarray(at, at + PIECE - this.#used);
      this.#piece.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
    }
  }

  /** Hands everything to the stream. */
  flush(): void {
    const [piece, length] = [this.#piece, this.#used];
    if (length === 0) return;
    this.#used = 0;
    // A whole piece is not given away for a few bytes: a client that reads nothing could make them many.
    const isLarge = length >= PIECE / 4;
    const bytes = isLarge ? piece.subarray(0, length) : Buffer.from(piece.subarray(0, length));
    if (isLarge) this.#piece = this.#spare.pop() ?? allocCopyTarget(PIECE);
    this.#pending += length;
    this.#stream.write(bytes, (error) => {
      this.#pending -= length;
      if (isLarge && this.#spare.length < MAX_SPARE) this.#spare.push(piece);
      if ((error ?? undefined) !== undefined) return;
      if (this.#pending < MAX_PENDING) this.#drained.resolve();
      this.#onWritten();
    });
  }

  /** Resolves when there is room for more; never on a stream that ends before, whose client needs no more. */
  async drained(): Promise<void> {
    while (!this.hasRoom) {
      this.#drained = Promise.withResolvers<void>();
      await this.#drained.promise;
    }
  }
}
