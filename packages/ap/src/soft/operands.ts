// What operands must be before they are given to arithmetic.

import { AP_ERROR, type ApErrorCode } from './error-reply.ts';
import type { CrtKey } from './crt.ts';
import type { CrtJob, Job, ModExpoJob } from './job.ts';
import { compare, isOdd, isZero, toBigInt, trim } from './octets.ts';

/** Bytes of a factor that are looked at first: a product of twice as many is an exact number. */
const LEADING = 3;

/** What is wrong with the operands of a job; `undefined` where nothing is. */
export function operandError(job: Job): ApErrorCode | undefined {
  return job.kind === 'modexpo' ? modExpoError(job) : crtError(job);
}

function modExpoError({ base, modulus }: ModExpoJob): ApErrorCode | undefined {
  if (isZero(modulus)) return AP_ERROR.OPERAND_INVALID;
  if (!isOdd(modulus)) return AP_ERROR.EVEN_MOD_IN_OPND;
  return compare(base, modulus) < 0 ? undefined : AP_ERROR.OPERAND_INVALID;
}

function crtError({ input, key }: CrtJob): ApErrorCode | undefined {
  const { p, q } = key;
  if (isZero(p) || isZero(q)) return AP_ERROR.OPERAND_INVALID;
  if (!isOdd(p) || !isOdd(q)) return AP_ERROR.EVEN_MOD_IN_OPND;
  return isLess(input, key) ? undefined : AP_ERROR.OPERAND_INVALID;
}

/** Tells whether the input is less than the product, by their first bytes where these say so. */
function isLess(input: Uint8Array, { p, q }: CrtKey): boolean {
  const [a, b, c] = [trim(input), trim(p), trim(q)];
  const [first, second] = [leading(b, LEADING), leading(c, LEADING)];
  const unit = 256 ** (a.length - b.length - c.length);
  const value = leading(a, LEADING * 2);
  if ((value + 1) * unit <= first * second) return true;
  if (value * unit >= (first + 1) * (second + 1)) return false;
  return toBigInt(a) < toBigInt(b) * toBigInt(c);
}

/** The first bytes of a number, and zeros after a shorter one. */
function leading(digits: Uint8Array, count: number): number {
  let value = 0;
  for (let at = 0; at < count; at++) value = value * 256 + (digits[at] ?? 0);
  return value;
}
