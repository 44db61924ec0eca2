// What operands must be before they are given to arithmetic.

import { AP_ERROR, type ApErrorCode } from './error-reply.ts';
import type { CrtKey } from './crt.ts';
import type { CrtJob, Job, ModExpoJob } from './job.ts';
import { compare, isOdd, isZero, toBigInt } from './octets.ts';

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

function isLess(input: Uint8Array, { p, q }: CrtKey): boolean {
  return toBigInt(input) < toBigInt(p) * toBigInt(q);
}
