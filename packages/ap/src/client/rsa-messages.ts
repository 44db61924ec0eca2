// RSA for accelerators: request type 50, reply type 80. Linux drivers/s390/crypto/zcrypt_msgtype50.c.

import { VfioError } from '@vfio-ts/core';
import { ApReplyError } from './errors.ts';

/** base^exponent mod modulus: unsigned big-endian numbers of any size up to 512 bytes. */
export interface ModExpo {
  readonly base: Uint8Array;
  readonly exponent: Uint8Array;
  readonly modulus: Uint8Array;
}

/** The private operation by parts. `u` is the inverse of q modulo p; p and q have up to 256 bytes. */
export interface CrtOperation {
  readonly input: Uint8Array;
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly dp: Uint8Array;
  readonly dq: Uint8Array;
  readonly u: Uint8Array;
}

const HEADER_SIZE = 16;
const REQUEST_TYPE = 0x50;
const REPLY_TYPE = 0x80;
/** Bytes of the operands in the three forms of a request. */
const SIZES = [128, 256, 512] as const;
const CRT_FORM = 0x10;

/** A request for a mod-expo. @throws `EINVAL` an operand is too long */
export function encodeModExpo({ base, exponent, modulus }: ModExpo): Uint8Array {
  const operands = [exponent, modulus, base];
  const longest = Math.max(...operands.map(significant));
  const { form, size } = formFor(longest);
  return frame(
    form,
    operands.map((operand) => ({ operand, size })),
  );
}

/** A request for the private operation by parts. @throws `EINVAL` an operand is too long */
export function encodeCrt({ input, p, q, dp, dq, u }: CrtOperation): Uint8Array {
  const parts = [p, q, dp, dq, u];
  const longest = Math.max(significant(input), ...parts.map((part) => significant(part) * 2));
  const { form, size } = formFor(longest);
  const fields = parts.map((operand) => ({ operand, size: size / 2 }));
  return frame(CRT_FORM + form, [...fields, { operand: input, size }]);
}

/**
 * The result in a reply, in `size` bytes.
 *
 * @throws {@link ApReplyError}; `EPROTO` a reply that says something else
 */
export function decodeRsaReply(op: string, reply: Uint8Array, size: number): Uint8Array {
  const type = reply[1] ?? 0;
  if (type === 0x82 || type === 0x88) throw new ApReplyError(op, type, reply[4] ?? 0);
  const told = ((reply[2] ?? 0) << 8) | (reply[3] ?? 0);
  if (type !== REPLY_TYPE || told !== reply.length || told < HEADER_SIZE) {
    throw new VfioError('EPROTO', op, `reply of type ${type}, ${told} of ${reply.length} bytes`);
  }
  const result = new Uint8Array(size);
  const digits = reply.subarray(reply.length - significant(reply.subarray(HEADER_SIZE)));
  if (digits.length > size) throw new VfioError('EPROTO', op, `result of ${digits.length} bytes`);
  result.set(digits, size - digits.length);
  return result;
}

interface Field {
  readonly operand: Uint8Array;
  readonly size: number;
}

function frame(form: number, fields: readonly Field[]): Uint8Array {
  const total = HEADER_SIZE + fields.reduce((sum, { size }) => sum + size, 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, REQUEST_TYPE);
  view.setUint16(2, total);
  view.setUint16(8, form);
  let end = HEADER_SIZE;
  for (const { operand, size } of fields) {
    end += size;
    const digits = operand.subarray(operand.length - significant(operand));
    bytes.set(digits, end - digits.length);
  }
  return bytes;
}

function formFor(longest: number): { readonly form: number; readonly size: number } {
  const index = SIZES.findIndex((size) => longest <= size);
  const size = SIZES[index];
  if (size === undefined) throw new VfioError('EINVAL', 'rsa', `operand of ${longest} bytes`);
  return { form: index + 1, size };
}

/** Bytes without zeros on the left. */
function significant(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : bytes.length - first;
}
