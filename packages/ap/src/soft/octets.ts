// Unsigned big-endian numbers of any size, as messages carry them.

/** The number that the bytes are; 0 for none. */
export function toBigInt(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}

/** A number in `size` bytes, zeros on the left. The number must fit. */
export function toOctets(value: bigint, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  Buffer.from(bytes.buffer).write(value.toString(16).padStart(size * 2, '0'), 'hex');
  return bytes;
}

/** How many bytes a number has without zeros on the left. */
export function octetLength(value: bigint): number {
  return value === 0n ? 0 : Math.ceil(value.toString(16).length / 2);
}

/** The bytes without zeros on the left: none for 0. A view of the same memory. */
export function trim(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
}

/** The number in `size` bytes, zeros on the left. The number must fit. */
export function pad(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const digits = trim(bytes);
  const padded = new Uint8Array(size);
  padded.set(digits, size - digits.length);
  return padded;
}

/** Negative, 0 or positive as `a` is less than, equal to or greater than `b`. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const left = trim(a);
  const right = trim(b);
  return left.length - right.length || Buffer.compare(left, right);
}

/** Tells whether the number is odd. */
export function isOdd(bytes: Uint8Array): boolean {
  return ((bytes.at(-1) ?? 0) & 1) === 1;
}

/** Tells whether the number is 0. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** How many bits the number has without zeros on the left. */
export function bitLength(bytes: Uint8Array): number {
  const digits = trim(bytes);
  const [first = 0] = digits;
  return digits.length * 8 - (first === 0 ? 0 : Math.clz32(first) - 24);
}
