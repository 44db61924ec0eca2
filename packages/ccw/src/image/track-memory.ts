// Memory for tracks that are read. Memory that comes new from the system is dear: each of its pages is cleared by the
// kernel, and the garbage collector runs the more often the more of it there is.

/** How many tracks' memory waits for its next use at most. */
const MAX_FREE = 16;

/** Pieces of memory of one size. */
export class TrackMemory {
  readonly #size: number;
  readonly #free: Uint8Array[] = [];

  /** @param size - bytes of a track's slot in the image */
  constructor(size: number) {
    this.#size = size;
  }

  /** A piece, its contents anything. */
  take(): Uint8Array {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const { buffer } = Buffer.allocUnsafeSlow(this.#size);
    return new Uint8Array(buffer, 0, this.#size);
  }

  /** Takes back a piece that nobody looks at, nor at a part of it. */
  give(piece: Uint8Array): void {
    if (this.#free.length < MAX_FREE) this.#free.push(piece);
  }
}
