// Masks as attributes of the AP bus and of its drivers read and show them.

import { scanUnsigned, VfioError } from '@vfio-ts/core';
import { ApMask } from './mask.ts';
import { isEnd } from './number.ts';

/** Numbers a mask has. */
const MASK_BITS = 256;
const MASK_DIGITS = 64;
const HEX = /^(?:0x|x)?(?<digits>[\da-fA-F]*)/;

/**
 * Reads hexadecimal digits that stand from number 0 on: `0x04` is number 5, `8` is number 0, nothing is no number.
 * At most 64 digits, and one final newline. Counterpart of `ap_hex2bitmap()`.
 *
 * @throws `EINVAL` anything else in the text
 */
export function parseHexMask(op: string, text: string): ApMask {
  const match = HEX.exec(text);
  const digits = match?.groups?.['digits'] ?? '';
  if (digits.length > MASK_DIGITS || !isEnd(text, match?.[0].length ?? 0)) {
    throw new VfioError('EINVAL', op, 'not a mask');
  }
  const padded = digits.padEnd(MASK_DIGITS, '0');
  return ApMask.from(
    Uint8Array.from({ length: MASK_DIGITS / 2 }, (_, i) =>
      Number.parseInt(padded.slice(2 * i, 2 * i + 2), 16),
    ),
  );
}

/**
 * Reads what `apmask` and `aqmask` take: a mask in hexadecimal, or terms `+n`, `-n`, `+a-b` and `-a-b` that change
 * `before`, the later ones winning. Commas and newlines may stand between and after terms. Counterpart of
 * `ap_parse_bitmap_str()`.
 *
 * @throws `EINVAL` syntax; a number above 255; a range that runs backwards
 */
export function parseMask(op: string, text: string, before: ApMask): ApMask {
  if (!/^[+-]/.test(text)) return parseHexMask(op, text);
  let mask = before;
  let at = 0;
  while (at < text.length) {
    const sign = text[at];
    if (sign !== '+' && sign !== '-') throw new VfioError('EINVAL', op, 'a term has no sign');
    const first = bound(op, text, at + 1);
    const last = text[first.end] === '-' ? bound(op, text, first.end + 1) : first;
    if (first.n > last.n) throw new VfioError('EINVAL', op, 'a range runs backwards');
    const range = ApMask.of(...Array.from({ length: last.n - first.n + 1 }, (_, i) => first.n + i));
    mask = sign === '+' ? mask.or(range) : mask.minus(range);
    at = last.end;
    while (text[at] === ',' || text[at] === '\n') at++;
  }
  return mask;
}

function bound(op: string, text: string, at: number): { readonly n: number; readonly end: number } {
  const scanned = scanUnsigned(text, at);
  if (scanned === undefined || scanned.value >= BigInt(MASK_BITS)) {
    throw new VfioError('EINVAL', op, 'a term is no number below 0x100');
  }
  return { n: Number(scanned.value), end: scanned.end };
}

/** `0x` and 64 digits, number 0 first. */
export function formatMask(mask: ApMask): string {
  return `0x${Array.from(mask.toBytes(), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
