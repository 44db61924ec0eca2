// 64-bit fields as two halves, so that no BigInt is made for each message.

import { VfioError } from '@vfio-ts/core';

const HALF = 2 ** 32;
/** Upper halves from here on make a value that a `number` does not hold exactly. */
const UNSAFE_HIGH = 2 ** 21;

/**
 * A u64 field.
 *
 * @throws `EINVAL` 2^53 or more
 */
export function getU64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  if (high >= UNSAFE_HIGH) {
    throw new VfioError(
      'EINVAL',
      'getU64',
      `0x${view.getBigUint64(at, true).toString(16)} is too large`,
    );
  }
  return high * HALF + view.getUint32(at, true);
}

/** A u64 field whose limit the caller checks at once; rounded from 2^53 on, never below it. */
export function getU64Rounded(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * HALF + view.getUint32(at, true);
}

/** Opposite of {@link getU64}; `value` is a safe integer. */
export function setU64(view: DataView, at: number, value: number): void {
  // Takes the lower 32 bits by itself.
  view.setUint32(at, value, true);
  view.setUint32(at + 4, Math.floor(value / HALF), true);
}
