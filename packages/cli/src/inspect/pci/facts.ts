// What a decoder has to say of a structure in configuration space, and how it reads one.

/** Facts by name, in the order they are shown: flags, counts, and hexadecimal numbers as `0x…`. */
export type Facts = Readonly<Record<string, boolean | number | string>>;

/** A structure in configuration space. What lies past the end reads as 0. */
export class PciBytes {
  readonly #bytes: Uint8Array;
  readonly #base: number;

  constructor(bytes: Uint8Array, base: number = 0) {
    this.#bytes = bytes;
    this.#base = base;
  }

  /** The same bytes, from another place on. */
  at(offset: number): PciBytes {
    return new PciBytes(this.#bytes, this.#base + offset);
  }

  u8(offset: number): number {
    return this.#bytes[this.#base + offset] ?? 0;
  }

  u16(offset: number): number {
    return this.u8(offset) | (this.u8(offset + 1) << 8);
  }

  u32(offset: number): number {
    return (this.u16(offset) | (this.u16(offset + 2) << 16)) >>> 0;
  }

  u64(offset: number): bigint {
    return (BigInt(this.u32(offset + 4)) << 32n) | BigInt(this.u32(offset));
  }
}

/** `0x` and at least so many digits. */
export function hex(value: number | bigint, least: number = 1): string {
  return `0x${value.toString(16).padStart(least, '0')}`;
}

/** Digits alone, as ids are written. */
export function digits(value: number, count: number): string {
  return value.toString(16).padStart(count, '0');
}

/** One bit. */
export function bit(value: number, number: number): boolean {
  return ((value >>> number) & 1) === 1;
}

/** Some bits, from `shift` on. */
export function bits(value: number, shift: number, count: number): number {
  return (value >>> shift) & (2 ** count - 1);
}
