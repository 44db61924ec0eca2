// A zlib stream (RFC 1950, RFC 1951) that costs next to nothing to make and to read: rows are in it as they are, and
// those that repeat the row above as references to that. Each block is of whole rows.

/** A window of 32 KiB, the fastest level. */
const HEADER = [0x78, 0x01] as const;
const MAX_STORED = 0xffff;
/** Fewer repeated bytes than this are stored, too: references take about as many. */
const MIN_REPEATED = 64;
/** Bytes of one reference. */
const MIN_LENGTH = 3;
const MAX_LENGTH = 258;
const END = 256;
/** Bits of a block's header: whether it is the last, and its kind. */
const STORED = 0b000;
const FIXED = 0b010;
const LAST = 0b001;
const HEADER_BITS = 3;
const ADLER_BASE = 65_521;

/** Makes a stream of whole rows, each of 3 to 4096 bytes. */
export function plainDeflate(rows: Uint8Array, rowLength: number): Uint8Array {
  const bytes = Buffer.from(rows.buffer, rows.byteOffset, rows.length);
  // Of each row and block, at most: a stored block's header, and what references are longer than their row.
  const stream = new Blocks(rows.length + (rows.length / rowLength) * 8 + 32);
  const sum = new RowSum();
  const maxStored = Math.floor(MAX_STORED / rowLength) * rowLength;
  let kept = 0;
  const keep = (end: number): void => {
    for (; kept < end; kept += maxStored) {
      stream.stored(bytes.subarray(kept, Math.min(kept + maxStored, end)), false);
    }
  };
  for (let at = 0; at < bytes.length;) {
    sum.add(bytes, at, at + rowLength);
    const first = at + rowLength;
    for (at = first; isRepeated(bytes, at, rowLength); at += rowLength) sum.addAgain();
    if (at - first < MIN_REPEATED) continue;
    keep(first);
    stream.repeated(at - first, rowLength);
    kept = at;
  }
  keep(bytes.length);
  stream.stored(bytes.subarray(bytes.length), true);
  return stream.end(sum.value);
}

function isRepeated(rows: Buffer, at: number, length: number): boolean {
  return at < rows.length && rows.compare(rows, at - length, at, at, at + length) === 0;
}

/** Adler-32 row by row: what a row adds need not be counted when it comes again. */
class RowSum {
  #low = 1;
  #high = 0;
  #length = 0;
  #rowLow = 0;
  #rowHigh = 0;

  get value(): number {
    return ((this.#high << 16) | this.#low) >>> 0;
  }

  add(bytes: Uint8Array, from: number, to: number): void {
    let low = 0;
    let high = 0;
    for (let i = from; i < to; i++) {
      low += bytes[i] ?? 0;
      high += low;
    }
    this.#length = to - from;
    this.#rowLow = low % ADLER_BASE;
    this.#rowHigh = high % ADLER_BASE;
    this.addAgain();
  }

  addAgain(): void {
    this.#high = (this.#high + this.#length * this.#low + this.#rowHigh) % ADLER_BASE;
    this.#low = (this.#low + this.#rowLow) % ADLER_BASE;
  }
}

/** The blocks of a stream, bit by bit. */
class Blocks {
  readonly #buffer: Buffer;
  #used: number = HEADER.length;
  #bits = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.ceil(capacity));
    this.#buffer.set(HEADER);
  }

  stored(bytes: Uint8Array, isLast: boolean): void {
    this.#put(STORED | (isLast ? LAST : 0), HEADER_BITS);
    this.#align();
    this.#used = this.#buffer.writeUInt16LE(bytes.length, this.#used);
    this.#used = this.#buffer.writeUInt16LE(~bytes.length & MAX_STORED, this.#used);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** So many bytes, each as the one so far before. */
  repeated(length: number, distance: number): void {
    this.#put(FIXED, HEADER_BITS);
    for (let left = length; left > 0;) {
      // What is left is none, or enough for one more.
      const isTight = left > MAX_LENGTH && left - MAX_LENGTH < MIN_LENGTH;
      const part = isTight ? left - MIN_LENGTH : Math.min(left, MAX_LENGTH);
      this.#reference(part, distance);
      left -= part;
    }
    this.#symbol(END);
  }

  /** @returns the stream */
  end(sum: number): Uint8Array {
    this.#used = this.#buffer.writeUInt32BE(sum, this.#used);
    return this.#buffer.subarray(0, this.#used);
  }

  /** RFC 1951, 3.2.5. */
  #reference(length: number, distance: number): void {
    const rest = length - MIN_LENGTH;
    const lengthBits = length === MAX_LENGTH ? 0 : extraBits(rest, 2);
    this.#symbol(
      length === MAX_LENGTH ? END + 29 : END + 1 + (lengthBits << 2) + (rest >>> lengthBits),
    );
    this.#put(rest & ((1 << lengthBits) - 1), lengthBits);
    const back = distance - 1;
    const bits = extraBits(back, 1);
    this.#code((bits << 1) + (back >>> bits), 5);
    this.#put(back & ((1 << bits) - 1), bits);
  }

  /** A symbol from {@link END} on by its fixed code, RFC 1951, 3.2.6. */
  #symbol(symbol: number): void {
    if (symbol < 280) this.#code(symbol - END, 7);
    else this.#code(0b1100_0000 + symbol - 280, 8);
  }

  /** A code, whose highest bit comes first. */
  #code(code: number, length: number): void {
    for (let bit = length - 1; bit >= 0; bit--) this.#put((code >>> bit) & 1, 1);
  }

  /** A number, whose lowest bit comes first. */
  #put(value: number, length: number): void {
    this.#bits |= value << this.#count;
    this.#count += length;
    for (; this.#count >= 8; this.#count -= 8) {
      this.#buffer[this.#used++] = this.#bits;
      this.#bits >>>= 8;
    }
  }

  #align(): void {
    if (this.#count > 0) this.#put(0, 8 - this.#count);
  }
}

/** Bits behind a symbol, whose own number has so many bits of the value beside its highest. */
function extraBits(value: number, own: number): number {
  return Math.max(0, 31 - Math.clz32(value) - own);
}
