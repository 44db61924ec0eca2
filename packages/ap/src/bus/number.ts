// Numbers as attributes of the AP bus and of its drivers read them.

import { parseUnsigned, scanUnsigned, VfioError } from '@vfio-ts/core';

/** A text that is one number; see core's `parseUnsigned`, whose errors these are. Exact below 2^53. */
export function parseNumber(op: string, text: string): number {
  return Number(parseUnsigned(text, op));
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
