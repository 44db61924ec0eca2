// Random numbers from CCA coprocessors: request type 6 with the verb RL, reply type 86. Linux
// drivers/s390/crypto/zcrypt_msgtype6.c.

import { VfioError } from '@vfio-ts/core';
import { ApCcaError, ApReplyError } from './errors.ts';

/** Bytes that one request can have. */
export const LARGEST_RANDOM = 4096;

const OP = 'random';
const HEADER_SIZE = 88;
const CPRBX_SIZE = 220;
const BLOCK_SIZE = 16;
const TYPE86_SIZE = 48;
const CPRBX_VERSION = 2;

/** A request for `size` random bytes to a queue of a domain. */
export function encodeRandom(size: number, domain: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + CPRBX_SIZE + BLOCK_SIZE);
  const header = new DataView(bytes.buffer);
  header.setUint8(1, 6);
  header.setUint32(16, HEADER_SIZE);
  put(bytes, 32, 'CA');
  put(bytes, 52, 'RL');
  header.setUint32(56, CPRBX_SIZE + BLOCK_SIZE);
  header.setUint32(72, TYPE86_SIZE + CPRBX_SIZE + BLOCK_SIZE);
  header.setUint32(76, size);
  const cprbx = new DataView(bytes.buffer, HEADER_SIZE);
  cprbx.setUint16(0, CPRBX_SIZE);
  cprbx.setUint8(2, CPRBX_VERSION);
  put(bytes, HEADER_SIZE + 6, 'T2');
  cprbx.setUint32(12, BLOCK_SIZE);
  cprbx.setUint32(28, size);
  cprbx.setUint16(170, domain);
  const block = new DataView(bytes.buffer, HEADER_SIZE + CPRBX_SIZE);
  put(bytes, HEADER_SIZE + CPRBX_SIZE, 'RL');
  block.setUint16(2, 10);
  put(bytes, HEADER_SIZE + CPRBX_SIZE + 4, 'RANDOM  ');
  // Two empty fields, of which each counts its own length.
  block.setUint16(12, 2);
  block.setUint16(14, 2);
  return bytes;
}

/**
 * The bytes in a reply.
 *
 * @throws {@link ApReplyError}, {@link ApCcaError}; `EPROTO` a reply that says something else
 */
export function decodeRandomReply(reply: Uint8Array, size: number): Uint8Array {
  const type = reply[1] ?? 0;
  const code = reply[4] ?? 0;
  if (type === 0x82 || type === 0x88 || (type === 0x86 && code !== 0)) {
    throw new ApReplyError(OP, type, code);
  }
  if (type !== 0x86 || reply.length < TYPE86_SIZE + CPRBX_SIZE) {
    throw new VfioError('EPROTO', OP, `reply of type ${type}, ${reply.length} bytes`);
  }
  const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
  const rtcode = view.getUint16(TYPE86_SIZE + 144);
  if (rtcode !== 0) throw new ApCcaError(OP, rtcode, view.getUint16(TYPE86_SIZE + 146));
  const [count, offset] = [view.getUint32(24), view.getUint32(28)];
  if (count !== size || offset + count > reply.length) {
    throw new VfioError('EPROTO', OP, `${count} bytes at ${offset} of ${reply.length}`);
  }
  return reply.slice(offset, offset + count);
}

function put(bytes: Uint8Array, offset: number, text: string): void {
  bytes.set(new TextEncoder().encode(text), offset);
}
