// The host's driver for accelerators, from its own side: how it builds requests and what it takes for a reply.

import { bytesOf, fromBytes, type CrtNumbers } from './numbers.ts';

function frame(format: number, operands: readonly Uint8Array[]): Uint8Array {
  const total = 16 + operands.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(total);
  bytes[1] = 0x50;
  const view = new DataView(bytes.buffer);
  view.setUint16(2, total);
  view.setUint16(8, format);
  let offset = 16;
  for (const operand of operands) {
    bytes.set(operand, offset);
    offset += operand.length;
  }
  return bytes;
}

/** Which of the three forms an input of some bytes needs: 1, 2 or 3. */
export function formFor(length: number): 1 | 2 | 3 {
  if (length <= 128) return 1;
  return length <= 256 ? 2 : 3;
}

/** A mod-expo request for an input of `length` bytes. */
export function modExpoRequest(
  base: bigint,
  exponent: bigint,
  modulus: bigint,
  length: number,
): Uint8Array {
  const form = formFor(length);
  const size = 64 << form;
  return frame(form, [bytesOf(exponent, size), bytesOf(modulus, size), bytesOf(base, size)]);
}

/** A request by parts for an input of `length` bytes. */
export function crtRequest(input: bigint, key: CrtNumbers, length: number): Uint8Array {
  const form = formFor(length);
  const half = 32 << form;
  const parts = [key.p, key.q, key.dp, key.dq, key.u].map((part) => bytesOf(part, half));
  return frame(0x10 + form, [...parts, bytesOf(input, half * 2)]);
}

/** What the driver makes of a reply. */
export type Received50 = { readonly result: bigint } | ReceivedError;

/** What it makes of a reply without a result. */
export type ReceivedError =
  | {
      readonly errno: 'EINVAL' | 'EAGAIN' | 'EMSGSIZE';
      readonly type: number;
      readonly code: number;
    }
  | { readonly offline: string };

const EINVAL_CODES = new Set([
  0x22, 0x23, 0x24, 0x29, 0x34, 0x40, 0x41, 0x80, 0x82, 0x84, 0x85, 0x8a, 0x8b, 0xa0,
]);
/** Replies longer than this overrun the driver's buffer. */
const LONGEST_TYPE80 = 0x210;

/** Reads a reply as the driver does, for a caller with `length` bytes for the result. */
export function receive50(reply: Uint8Array, length: number): Received50 {
  const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
  const type = reply[1] ?? 0;
  if (type === 0x82 || type === 0x88) return receiveError(reply);
  if (type !== 0x80) return { offline: `reply type ${type.toString(16)}` };
  const told = view.getUint16(2);
  if (told !== reply.length) return { errno: 'EMSGSIZE', type, code: 0 };
  if (told > LONGEST_TYPE80) return { offline: 'overrun' };
  if (told < 16 + length) return { offline: 'short reply' };
  return { result: fromBytes(reply.subarray(told - length)) };
}

/** What an error reply means, of either kind of card. */
export function receiveError(reply: Uint8Array): ReceivedError {
  const [, type = 0, , , code = 0] = reply;
  if (reply.length !== 8) return { offline: `error reply of ${reply.length} bytes` };
  const isZero = [0, 2, 3, 5, 6, 7].every((offset) => reply[offset] === 0);
  if (!isZero) return { offline: 'reserved bytes of an error reply' };
  return { errno: EINVAL_CODES.has(code) ? 'EINVAL' : 'EAGAIN', type, code };
}
