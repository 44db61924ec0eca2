// A zlib stream (RFC 1950, RFC 1951) of whole rows, as they are or as the row above. Sums are not checked: what is in
// one computer, or came through TCP, is as it was sent.

/** Some rows. */
interface Block {
  readonly rows: number;
  /** None where each is as the row above. */
  readonly bytes: Uint8Array | undefined;
}

const HEADER_SIZE = 2;
/** Symbols of fixed codes, RFC 1951, 3.2.6. */
const END = 256;
const MAX_LENGTH = 285;

/** Takes a stream apart, block by block. */
export class PlainInflate {
  readonly #stream: Uint8Array;
  readonly #rowLength: number;
  /** Bits of the stream that are read. */
  #at = HEADER_SIZE * 8;
  #isOver = false;

  constructor(stream: Uint8Array, rowLength: number) {
    this.#stream = stream;
    this.#rowLength = rowLength;
  }

  /** Whether the last block was read, and all were as expected. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The next block; `undefined` behind the last, or where it is of another kind. */
  next(): Block | undefined {
    if (this.#isOver) return undefined;
    const isLast = this.#bits(1) === 1;
    const kind = this.#bits(2);
    const bytes = kind === 0 ? this.#stored() : undefined;
    const length = kind === 1 ? this.#repeated() : (bytes?.length ?? Number.NaN);
    const rows = length / this.#rowLength;
    if (!Number.isInteger(rows)) return undefined;
    this.#isOver = isLast;
    return { rows, bytes };
  }

  #stored(): Uint8Array | undefined {
    const from = Math.ceil(this.#at / 8) + 4;
    const [low = 0, high = 0] = this.#stream.subarray(from - 4);
    const end = from + ((high << 8) | low);
    if (end > this.#stream.length) return undefined;
    this.#at = end * 8;
    return this.#stream.subarray(from, end);
  }

  /** The length of references to the row above; not a number where there is something else. */
  #repeated(): number {
    let sum = 0;
    for (;;) {
      const symbol = this.#symbol();
      if (symbol === END) return sum;
      const isLongest = symbol === MAX_LENGTH;
      const rest = isLongest ? 255 : this.#extended(symbol - END - 1, 2);
      const distance = 1 + this.#extended(this.#code(5), 1);
      if (symbol < END || distance !== this.#rowLength) return Number.NaN;
      sum += rest + 3;
    }
  }

  /** A symbol from {@link END} on; 0 for any other, and behind the stream. */
  #symbol(): number {
    if (this.#at >= this.#stream.length * 8) return 0;
    const short = this.#code(7);
    if (short < 0b001_1000) return END + short;
    const long = (short << 1) | this.#bits(1);
    return long >= 0b1100_0000 && long < 0b1100_0110 ? 280 + long - 0b1100_0000 : 0;
  }

  /** A value of which the code has so many bits beside the highest, RFC 1951, 3.2.5. */
  #extended(code: number, own: number): number {
    const bits = Math.max(0, (code >> own) - 1);
    if (bits === 0) return code;
    return (((1 << own) | (code & ((1 << own) - 1))) << bits) | this.#bits(bits);
  }

  /** A code, whose highest bit comes first. */
  #code(length: number): number {
    let code = 0;
    for (let i = 0; i < length; i++) code = (code << 1) | this.#bits(1);
    return code;
  }

  /** A number, whose lowest bit comes first; zeros behind the stream. */
  #bits(length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++, this.#at++) {
      value |= (((this.#stream[this.#at >>> 3] ?? 0) >>> (this.#at & 7)) & 1) << i;
    }
    return value;
  }
}
