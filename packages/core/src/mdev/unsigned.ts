// Numbers as a kernel attribute reads them.

import { VfioError } from '../errno.ts';

/** A number at the start of a text. */
export interface ScannedNumber {
  readonly value: bigint;
  /** Index of the first character that is no part of it. */
  readonly end: number;
}

/** The prefix stands only before a hexadecimal digit: `0xg` is the number 0 and then `xg`. */
const NUMBER = /0x(?<hex>[\da-f]+)|0(?<octal>[0-7]*)|(?<decimal>[1-9]\d*)/iy;

/** Largest unsigned long of a 64-bit kernel. */
const ULONG_MAX = 2n ** 64n - 1n;

/**
 * The number that starts at `at`: base 16 after `0x`, 8 after `0`, 10 otherwise; no sign. Counterpart of
 * `simple_strtoul()` with base 0, without its wrap at 64 bits.
 */
export function scanUnsigned(text: string, at: number): ScannedNumber | undefined {
  NUMBER.lastIndex = at;
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const { hex, octal, decimal } = match.groups ?? {};
  const digits = hex === undefined ? (decimal ?? (octal ? `0o${octal}` : '0')) : `0x${hex}`;
  return { value: BigInt(digits), end: at + match[0].length };
}

/**
 * Reads a text that is one number, with at most one leading plus and one final newline. Counterpart of `kstrtoul()`
 * with base 0.
 *
 * @param op - who asks, for the error
 * @throws `ERANGE` the digits do not fit 64 bits, whatever follows them; `EINVAL` anything else in the text
 */
export function parseUnsigned(text: string, op: string = 'parseUnsigned'): bigint {
  const scanned = scanUnsigned(text, text.startsWith('+') ? 1 : 0);
  if (scanned === undefined) throw new VfioError('EINVAL', op, 'not a number');
  const { value, end } = scanned;
  if (value > ULONG_MAX) throw new VfioError('ERANGE', op, 'more than 64 bits');
  if (!isEnd(text, end)) throw new VfioError('EINVAL', op, 'something follows the number');
  return value;
}

function isEnd(text: string, at: number): boolean {
  return text.length === at || (text.length === at + 1 && text.endsWith('\n'));
}
