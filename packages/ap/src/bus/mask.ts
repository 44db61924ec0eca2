// A mask of 256 adapters or domains: number n is bit n counted from the most significant one.

/** Numbers 0 to 255, immutable. */
export class ApMask {
  static readonly NONE: ApMask = new ApMask(new Uint8Array(32));
  static readonly ALL: ApMask = new ApMask(new Uint8Array(32).fill(0xff));
  /** As the machine has it: number n is bit `0x80 >> (n & 7)` of byte `n >> 3`. */
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A mask of these numbers, each 0 to 255. */
  static of(...numbers: readonly number[]): ApMask {
    const bytes = new Uint8Array(32);
    for (const n of numbers) bytes[n >> 3] = (bytes[n >> 3] ?? 0) | (0x80 >> (n & 7));
    return new ApMask(bytes);
  }

  /** From the 32 bytes of the machine's form; they are copied. */
  static from(bytes: Uint8Array): ApMask {
    const copy = new Uint8Array(32);
    copy.set(bytes.subarray(0, 32));
    return new ApMask(copy);
  }

  /** A copy of the 32 bytes. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  has(n: number): boolean {
    return ((this.#bytes[n >> 3] ?? 0) & (0x80 >> (n & 7))) !== 0;
  }

  get isEmpty(): boolean {
    return this.#bytes.every((byte) => byte === 0);
  }

  with(n: number): ApMask {
    return this.or(ApMask.of(n));
  }

  without(n: number): ApMask {
    return this.minus(ApMask.of(n));
  }

  and(other: ApMask): ApMask {
    return this.#map(other, (a, b) => a & b);
  }

  or(other: ApMask): ApMask {
    return this.#map(other, (a, b) => a | b);
  }

  /** What is here and not there. */
  minus(other: ApMask): ApMask {
    return this.#map(other, (a, b) => a & ~b);
  }

  equals(other: ApMask): boolean {
    return this.#bytes.every((byte, i) => byte === other.#bytes[i]);
  }

  /** The numbers, ascending. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let n = 0; n < 256; n++) if (this.has(n)) yield n;
  }

  #map(other: ApMask, f: (a: number, b: number) => number): ApMask {
    return new ApMask(this.#bytes.map((byte, i) => f(byte, other.#bytes[i] ?? 0)));
  }
}
