// Little-endian access to plain bytes, and the checks that everything in this folder shares.

import { hex } from '../arguments.ts';
import { VfioError } from '../errno.ts';

/** Reads 16 bits; bytes past the end read as 0. */
export function get16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}

/** Reads 32 bits, unsigned; bytes past the end read as 0. */
export function get32(bytes: Uint8Array, offset: number): number {
  return (get16(bytes, offset) | (get16(bytes, offset + 2) << 16)) >>> 0;
}

/** Stores the low `width` bytes of `value`. */
export function put(bytes: Uint8Array, offset: number, width: 1 | 2 | 4, value: number): void {
  for (let i = 0; i < width; i++) bytes[offset + i] = value >>> (8 * i);
}

/** @throws `EINVAL` `value` is not an integer of `bits` bits */
export function checkUint(op: string, name: string, value: number, bits: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new VfioError('EINVAL', op, `${name} ${hex(value)} does not fit ${bits} bits`);
  }
}

/** @throws `EINVAL` the range is not inside `size` bytes */
export function checkRange(op: string, offset: number, length: number, size: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new VfioError('EINVAL', op, `offset ${hex(offset)} is not an offset`);
  }
  if (length > size - offset) {
    throw new VfioError(
      'EINVAL',
      op,
      `${hex(length)} bytes at ${hex(offset)} go past the end ${hex(size)}`,
    );
  }
}

/** Tells whether two byte arrays of one length hold the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}

/**
 * Calls every function in order, also after one has thrown.
 *
 * @throws what a call threw; several are joined with `SuppressedError`
 */
export function callAll(calls: readonly (() => void)[]): void {
  using stack = new DisposableStack();
  // A stack is disposed last in, first out.
  for (const call of calls.toReversed()) stack.defer(call);
}
