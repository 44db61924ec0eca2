// Arithmetic by the book, to judge ours by.

/** Big-endian bytes as a number. */
export function fromBytes(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** A number in `size` big-endian bytes. */
export function bytesOf(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  if (rest !== 0n) throw new Error(`${value} does not fit into ${size} bytes`);
  return bytes;
}

/** base^exponent mod modulus. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** The formula of the private operation by parts, taken literally. */
export function crtPower(c: bigint, key: CrtNumbers): bigint {
  const { p, q, dp, dq, u } = key;
  const m1 = power(c, dp, p);
  const m2 = power(c, dq, q);
  const difference = (((m1 - m2) % p) + p) % p;
  return m2 + ((u * difference) % p) * q;
}

/** A private key by parts. */
export interface CrtNumbers {
  readonly p: bigint;
  readonly q: bigint;
  readonly dp: bigint;
  readonly dq: bigint;
  readonly u: bigint;
}
