// Numbers as a kernel attribute reads them.

import { VfioError } from '../errno.ts';

const pattern = /^\+?(?:0x(?<hex>[\da-f]+)|0(?<octal>[0-7]*)|(?<decimal>[1-9]\d*))\n?$/i;

/** Largest unsigned long of a 64-bit kernel. */
const ULONG_MAX = 2n ** 64n - 1n;

/**
 * Reads a number in base 16 (`0x`), 8 (`0`) or 10, with at most one leading plus and one final newline.
 *
 * Counterpart of `kstrtoul()` with base 0.
 *
 * @throws `EINVAL` anything else in the text
 * @throws `ERANGE` does not fit 64 bits
 */
export function parseUnsigned(text: string): bigint {
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined) throw new VfioError('EINVAL', 'parseUnsigned', 'not a number');
  const { hex, octal, decimal = '0' } = groups;
  const value = BigInt(hex === undefined ? octalOr(octal, decimal) : `0x${hex}`);
  if (value > ULONG_MAX) throw new VfioError('ERANGE', 'parseUnsigned', 'more than 64 bits');
  return value;
}

function octalOr(octal: string | undefined, decimal: string): string {
  return octal === undefined || octal === '' ? decimal : `0o${octal}`;
}
