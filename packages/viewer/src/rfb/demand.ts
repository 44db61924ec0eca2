// A protocol written as it is read: a generator that yields how many bytes it needs next and gets them.

/** Yields counts of bytes, and is resumed with exactly so many. What it gets is valid until it yields again. */
export type Reading = Generator<number, void, Buffer>;

/** Feeds a generator with bytes as they come, however they are cut. */
export class Demand {
  readonly #reading: Reading;
  #needed = 0;
  #isOver = false;
  #kept: Buffer[] = [];
  #keptLength = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#next(this.#reading.next());
  }

  /** Whether the generator has returned; what comes after that is dropped. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes bytes. @throws what the generator throws */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (!this.#isOver && this.#keptLength + rest.length >= this.#needed) {
      const take = this.#needed - this.#keptLength;
      const piece = rest.subarray(0, take);
      rest = rest.subarray(take);
      const whole = this.#keptLength === 0 ? piece : Buffer.concat([...this.#kept, piece]);
      this.#kept = [];
      this.#keptLength = 0;
      this.#next(this.#reading.next(whole));
    }
    if (this.#isOver || rest.length === 0) return;
    // The sender may use its buffer again.
    this.#kept.push(Buffer.from(rest));
    this.#keptLength += rest.length;
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
