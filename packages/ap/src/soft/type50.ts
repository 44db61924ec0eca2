// Messages of an accelerator: request type 50, reply type 80. Linux drivers/s390/crypto/zcrypt_msgtype50.c.

import { AP_FUNCTION, hasFunction } from './functions.ts';
import { AP_ERROR, cardError } from './error-reply.ts';
import type { CrtKey } from './crt.ts';
import type { Job } from './job.ts';
import { operandError } from './operands.ts';
import { pad } from './octets.ts';
import { answer, type Interpret, type Work } from './work.ts';

const REQUEST_TYPE = 0x50;
const REPLY_TYPE = 0x80;
const HEADER_SIZE = 16;

/** A form of the request: what its key block is, and how long the message in it and the reply are. */
interface Form {
  readonly isCrt: boolean;
  /** Bytes of the message and of the modulus. */
  readonly size: number;
  /** Facility bit that a card needs for it. */
  readonly needs?: number;
}

const FORMS: ReadonlyMap<number, Form> = new Map<number, Form>([
  [0x0001, { isCrt: false, size: 128 }],
  [0x0002, { isCrt: false, size: 256 }],
  [0x0003, { isCrt: false, size: 512, needs: AP_FUNCTION.MEX4K }],
  [0x0011, { isCrt: true, size: 128 }],
  [0x0012, { isCrt: true, size: 256 }],
  [0x0013, { isCrt: true, size: 512, needs: AP_FUNCTION.CRT4K }],
]);

/** Reads what is sent to an accelerator that has these facility bits. */
export function interpretType50(functions: number): Interpret {
  return (request) => {
    if (request[1] !== REQUEST_TYPE) return answer(cardError(AP_ERROR.MESSAGE_TYPE));
    if (request.length < HEADER_SIZE) return answer(cardError(AP_ERROR.INVALID_MSG_LEN));
    const view = new DataView(request.buffer, request.byteOffset, request.length);
    if (view.getUint16(2) !== request.length) return answer(cardError(AP_ERROR.INVALID_MSG_LEN));
    const form = FORMS.get(view.getUint16(8));
    if (form === undefined) return answer(cardError(AP_ERROR.FORMAT_FIELD));
    if (request.length !== totalSize(form)) return answer(cardError(AP_ERROR.INVALID_MSG_LEN));
    if (!isReservedZero(view)) return answer(cardError(AP_ERROR.RESERVED_FIELD));
    if (form.needs !== undefined && !hasFunction(functions, form.needs)) {
      return answer(cardError(AP_ERROR.OPERAND_SIZE));
    }
    return interpretOperands(form, request.subarray(HEADER_SIZE));
  };
}

function totalSize({ isCrt, size }: Form): number {
  return HEADER_SIZE + (isCrt ? (size / 2) * 5 + size : size * 3);
}

/** Byte 5 is not looked at: drivers leave what they like there. */
function isReservedZero(view: DataView): boolean {
  const header = view.getUint8(0) | view.getUint8(4) | view.getUint16(6);
  return (header | view.getUint32(10) | view.getUint16(14)) === 0;
}

function interpretOperands(form: Form, operands: Uint8Array): Work {
  const job = form.isCrt ? crtJob(form.size, operands) : modExpoJob(form.size, operands);
  const error = operandError(job);
  if (error !== undefined) return answer(cardError(error));
  return { kind: 'job', job, finish: (result) => encodeType80(result, form.size) };
}

function modExpoJob(size: number, operands: Uint8Array): Job {
  return {
    kind: 'modexpo',
    exponent: operands.subarray(0, size),
    modulus: operands.subarray(size, size * 2),
    base: operands.subarray(size * 2),
  };
}

function crtJob(size: number, operands: Uint8Array): Job {
  const part = (index: number): Uint8Array =>
    operands.subarray((size / 2) * index, (size / 2) * (index + 1));
  const key: CrtKey = { p: part(0), q: part(1), dp: part(2), dq: part(3), u: part(4) };
  return { kind: 'crt', key, input: operands.subarray((size / 2) * 5) };
}

/** A reply of type 80 whose result takes up `size` bytes. */
function encodeType80(result: Uint8Array, size: number): Uint8Array {
  const reply = new Uint8Array(HEADER_SIZE + size);
  const view = new DataView(reply.buffer);
  view.setUint8(1, REPLY_TYPE);
  view.setUint16(2, reply.length);
  reply.set(pad(result, size), HEADER_SIZE);
  return reply;
}
