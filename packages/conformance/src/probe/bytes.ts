// Comparing many bytes: quick, and with the first difference in the message.

import { expect } from 'vitest';

/** Where two rows of bytes differ first; -1 where they are the same. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return i;
  }
  return a.length === b.length ? -1 : length;
}

/** Whether two rows of bytes, either of which may be missing, are the same. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return firstDifference(a, b) === -1;
}

/** Asserts that two rows of bytes, either of which may be missing, are the same. */
export function expectBytes(
  actual: Uint8Array | undefined,
  expected: Uint8Array | undefined,
): void {
  if (sameBytes(actual, expected)) return;
  const at = actual && expected ? firstDifference(actual, expected) : 0;
  const show = (bytes: Uint8Array | undefined) =>
    bytes && { length: bytes.length, from: at, bytes: [...bytes.subarray(at, at + 16)] };
  expect(show(actual)).toEqual(show(expected));
}

/** Joins byte arrays. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
