// What a coprocessor says: reply type 86. Linux drivers/s390/crypto/zcrypt_msgtype6.c.

import type { ApErrorCode } from './error-reply.ts';
import { CPRBX_SIZE, type CcaRequest } from './type6.ts';

/** A return code of CCA and the reason for it. */
export interface CcaCode {
  readonly rtcode: number;
  readonly rscode: number;
}

/** Nothing is wrong. */
export const CCA_OK: CcaCode = { rtcode: 0, rscode: 0 };

const TYPE86 = 0x86;
const FORMAT_ERROR = 1;
const FORMAT_NORMAL = 2;
/** The header of 8 bytes with the extension that counts and places what follows. */
const HEADER_SIZE = 48;
const RTCODE = 144;

/**
 * A reply of CCA: the request's CPRBX with a return code, a parameter block, and data behind it where there is any.
 */
export function encodeType86(
  { cprbx }: CcaRequest,
  { rtcode, rscode }: CcaCode,
  block: Uint8Array,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const dataOffset = HEADER_SIZE + CPRBX_SIZE + block.length;
  const reply = new Uint8Array(dataOffset + data.length);
  const view = new DataView(reply.buffer);
  view.setUint8(1, TYPE86);
  view.setUint8(2, FORMAT_NORMAL);
  view.setUint32(16, dataOffset - HEADER_SIZE);
  view.setUint32(20, HEADER_SIZE);
  if (data.length > 0) {
    view.setUint32(24, data.length);
    view.setUint32(28, dataOffset);
  }
  reply.set(cprbx, HEADER_SIZE);
  const control = new DataView(reply.buffer, HEADER_SIZE);
  control.setUint32(24, block.length);
  control.setUint32(32, data.length);
  control.setUint16(RTCODE, rtcode);
  control.setUint16(RTCODE + 2, rscode);
  reply.set(block, HEADER_SIZE + CPRBX_SIZE);
  reply.set(data, dataOffset);
  return reply;
}

/** A reply of type 86 that only says what is wrong. Where a CPRBX would be, there is none of any version. */
export function encodeType86Error(code: ApErrorCode): Uint8Array {
  const reply = new Uint8Array(HEADER_SIZE + CPRBX_SIZE);
  reply[1] = TYPE86;
  reply[2] = FORMAT_ERROR;
  reply[4] = code;
  return reply;
}
