// RSA with clear keys: the verbs PK and PD. Linux drivers/s390/crypto/zcrypt_msgtype6.c, zcrypt_cca_key.h.

import { decodeCrtKey, decodePublicKey } from './cca-key.ts';
import type { Job } from './job.ts';
import { operandError } from './operands.ts';
import { NO_BYTES, parameterBlock } from './parameter-block.ts';
import { CCA_OK, encodeType86, type CcaCode } from './type86.ts';
import { uint16, type CcaRequest } from './type6.ts';
import { answer, type Work } from './work.ts';

/** The key token is not one. */
const BAD_KEY: CcaCode = { rtcode: 8, rscode: 65 };
/** The key or the data cannot be computed with. */
const BAD_OPERAND: CcaCode = { rtcode: 8, rscode: 66 };
/** A length is not right. */
const BAD_LENGTH: CcaCode = { rtcode: 8, rscode: 72 };
const LONGEST = 512;

/** What the verb computes, from its input and its key block; `undefined` where the key is none. */
type ReadJob = (input: Uint8Array, key: Uint8Array) => Job | undefined;

/** PK: the input to the power of a public exponent. */
export function publicKeyEncrypt(request: CcaRequest): Work {
  return rsa(request, (base, block) => {
    const key = decodePublicKey(block);
    return key && { kind: 'modexpo', base, ...key };
  });
}

/** PD: the private operation by parts. */
export function publicKeyDecrypt(request: CcaRequest): Work {
  return rsa(request, (input, block) => {
    const key = decodeCrtKey(block);
    return key && { kind: 'crt', input, key };
  });
}

/** A reply without data. Its length is what the driver expects for a result of 0 bytes. */
export function refuse(request: CcaRequest, code: CcaCode): Work {
  return answer(encodeType86(request, code, resultBlock(request, NO_BYTES)));
}

function rsa(request: CcaRequest, read: ReadJob): Work {
  const { parameters } = request;
  const inputEnd = uint16(parameters, 0);
  if (inputEnd <= 2 || inputEnd > parameters.length) return refuse(request, BAD_LENGTH);
  const input = parameters.subarray(2, inputEnd);
  const job = read(input, parameters.subarray(inputEnd));
  if (job === undefined) return refuse(request, BAD_KEY);
  if (longestOperand(job) > LONGEST) return refuse(request, BAD_LENGTH);
  if (operandError(job) !== undefined) return refuse(request, BAD_OPERAND);
  // The frame belongs to the request's memory, which is the guest's no longer.
  const finish = (result: Uint8Array): Uint8Array =>
    encodeType86(request, CCA_OK, resultBlock(request, result));
  return { kind: 'job', job, finish };
}

function longestOperand(job: Job): number {
  const operands =
    job.kind === 'crt'
      ? [job.input, ...Object.values<Uint8Array>({ ...job.key })]
      : [job.base, job.exponent, job.modulus];
  return Math.max(...operands.map(({ length }) => length));
}

/** No rules, the result, and no key: the two bytes behind the data that the driver counts on. */
function resultBlock({ functionCode }: CcaRequest, result: Uint8Array): Uint8Array {
  return parameterBlock(functionCode, NO_BYTES, result, NO_BYTES);
}
