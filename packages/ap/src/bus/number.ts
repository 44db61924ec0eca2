// Numbers as attributes of the AP bus and of its drivers read them.

import { VfioError } from '@vfio-ts/core';

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
 * @returns the number, exact below 2^53
 * @throws `ERANGE` the digits do not fit 64 bits, whatever follows them; `EINVAL` anything else in the text
 */
export function parseUnsigned(op: string, text: string): number {
  const scanned = scanUnsigned(text, text.startsWith('+') ? 1 : 0);
  if (scanned === undefined) throw new VfioError('EINVAL', op, 'not a number');
  const { value, end } = scanned;
  if (value > ULONG_MAX) throw new VfioError('ERANGE', op, 'more than 64 bits');
  if (!isEnd(text, end)) throw new VfioError('EINVAL', op, 'something follows the number');
  return Number(value);
}

/**
 * The decimal number that a text starts with, after spaces and with an optional sign; what follows is not looked at.
 * Counterpart of `sscanf("%d")`.
 *
 * @throws `EINVAL` there is none
 */
export function scanDecimal(op: string, text: string): number {
  const digits = /^\s*(?<number>[+-]?\d+)/.exec(text)?.groups?.['number'];
  if (digits === undefined) throw new VfioError('EINVAL', op, 'not a number');
  return Number(digits);
}

/**
 * As {@link scanDecimal}, in the base that the digits say. Counterpart of `sscanf("%i")`.
 *
 * @throws `EINVAL` there is none
 */
export function scanInteger(op: string, text: string): number {
  const prefix = /^\s*(?<sign>[+-]?)/.exec(text);
  const scanned = scanUnsigned(text, prefix?.[0].length ?? 0);
  if (scanned === undefined) throw new VfioError('EINVAL', op, 'not a number');
  return prefix?.groups?.['sign'] === '-' ? -Number(scanned.value) : Number(scanned.value);
}

/** Whether nothing but one newline may follow. */
export function isEnd(text: string, at: number): boolean {
  return text.length === at || (text.length === at + 1 && text.endsWith('\n'));
}
