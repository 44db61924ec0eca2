// A protocol written as it is read: a generator that yields how many bytes it needs next and gets them.

/** Yields counts of bytes, and is resumed with exactly so many. What it gets is valid until it yields again. */
export type Reading = Generator<number, void, Buffer>;

/** Feeds a generator with bytes as they come, however they are cut. */
export class Demand {
  readonly #reading: Reading;
  #needed = 0;
  #isOver = false;
  #isBusy = true;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#next(this.#reading.next());
    this.#feed();
  }

  /** What has come with the last bytes of a generator that has returned, and is not its own. */
  get rest(): Buffer {
    return this.#isOver ? Buffer.concat(this.#chunks) : Buffer.alloc(0);
  }

  /** Takes bytes; what comes after the generator has returned is dropped. @throws what the generator throws */
  push(chunk: Buffer): void {
    if (this.#isOver) return;
    // A peer in the same process may answer while the generator runs, and use its buffer again.
    this.#chunks.push(this.#isBusy ? Buffer.from(chunk) : chunk);
    this.#length += chunk.length;
    if (!this.#isBusy) this.#feed();
  }

  #feed(): void {
    this.#isBusy = true;
    while (!this.#isOver && this.#length >= this.#needed) {
      this.#next(this.#reading.next(this.#take(this.#needed)));
    }
    this.#isBusy = false;
    // What is left outlives the sender's buffer.
    if (this.#length > 0) this.#chunks = [Buffer.concat(this.#chunks)];
  }

  #take(length: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks;
    const whole = first.length >= length ? first : Buffer.concat(this.#chunks);
    const rest = whole.subarray(length);
    if (whole === first) this.#chunks[0] = rest;
    else this.#chunks = [rest];
    if (rest.length === 0) this.#chunks.shift();
    this.#length -= length;
    return whole.subarray(0, length);
  }

  #next({ done, value }: IteratorResult<number, void>): void {
    if (done === true) this.#isOver = true;
    else this.#needed = value;
  }
}

/** Reads so many bytes and drops them, without ever holding many. */
export function* skip(length: number): Generator<number, void, Buffer> {
  for (let left = length; left > 0;) left -= (yield Math.min(left, 4096)).length;
}
