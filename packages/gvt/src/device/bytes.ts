// Little-endian tables, filled field by field.

/** Bytes of a table that firmware would have made. */
export class Bytes {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  set8(offset: number, value: number): this {
    this.#view.setUint8(offset, value);
    return this;
  }

  set16(offset: number, value: number): this {
    this.#view.setUint16(offset, value, true);
    return this;
  }

  set32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  /** Puts ASCII characters. */
  text(offset: number, text: string): this {
    for (let i = 0; i < text.length; i++) this.bytes[offset + i] = text.charCodeAt(i);
    return this;
  }

  /** Puts other bytes. */
  put(offset: number, bytes: ArrayLike<number>): this {
    this.bytes.set(bytes, offset);
    return this;
  }

  /** Gives the byte at `offset` the value by which those from `start` on sum up to 0. */
  checksum(offset: number, start: number, length: number): this {
    this.bytes[offset] = 0;
    this.bytes[offset] = -byteSum(this.bytes.subarray(start, start + length));
    return this;
  }
}

/** The sum of all bytes, 8 bits of it. */
export function byteSum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xff;
}
