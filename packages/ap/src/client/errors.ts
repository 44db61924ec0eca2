// How requests end that have no result.

import { VfioError, type ErrnoCode } from '@vfio-ts/core';
import { AP_RESPONSE } from '../hardware/status.ts';

const RESPONSE_ERRNO: ReadonlyMap<number, ErrnoCode> = new Map<number, ErrnoCode>([
  [AP_RESPONSE.Q_NOT_AVAIL, 'ENODEV'],
  [AP_RESPONSE.RESET_IN_PROGRESS, 'EBUSY'],
  [AP_RESPONSE.DECONFIGURED, 'ENODEV'],
  [AP_RESPONSE.CHECKSTOPPED, 'EIO'],
  [AP_RESPONSE.BUSY, 'EBUSY'],
  [AP_RESPONSE.INVALID_ADDRESS, 'EFAULT'],
  [AP_RESPONSE.STATE_CHANGE_IN_PROGRESS, 'EBUSY'],
  [AP_RESPONSE.MESSAGE_TOO_BIG, 'EINVAL'],
  [AP_RESPONSE.REQ_FAC_NOT_INST, 'EINVAL'],
  [AP_RESPONSE.INVALID_DOMAIN, 'EINVAL'],
]);

/** An AP instruction was refused. */
export class ApResponseError extends VfioError {
  /** `adapter << 8 | domain`. */
  readonly apqn: number;
  /** One of `AP_RESPONSE`. */
  readonly responseCode: number;

  constructor(op: string, apqn: number, responseCode: number) {
    const code = RESPONSE_ERRNO.get(responseCode) ?? 'EIO';
    super(code, op, `queue ${queueName(apqn)} answers with response code ${hex(responseCode)}`);
    this.apqn = apqn;
    this.responseCode = responseCode;
  }
}

/** What is wrong with the request, as opposed to with the card or the way to it. */
const REQUEST_FAULTS: ReadonlySet<number> = new Set([
  0x22, 0x23, 0x24, 0x29, 0x34, 0x40, 0x41, 0x80, 0x82, 0x84, 0x85, 0x8a, 0x8b, 0xa0,
]);

/**
 * A card has answered with an error: `EINVAL` where the request is at fault, `EAGAIN` where another card may do it.
 * Codes as in Linux drivers/s390/crypto/zcrypt_error.h.
 */
export class ApReplyError extends VfioError {
  /** 0x82, 0x86 or 0x88. */
  readonly replyType: number;
  readonly replyCode: number;

  constructor(op: string, replyType: number, replyCode: number) {
    const errno = REQUEST_FAULTS.has(replyCode) ? 'EINVAL' : 'EAGAIN';
    super(errno, op, `the card answers with type ${hex(replyType)}, code ${hex(replyCode)}`);
    this.replyType = replyType;
    this.replyCode = replyCode;
  }
}

/** A coprocessor has done nothing, for a reason of CCA. */
export class ApCcaError extends VfioError {
  readonly rtcode: number;
  readonly rscode: number;

  constructor(op: string, rtcode: number, rscode: number) {
    super('EINVAL', op, `CCA answers with return code ${rtcode}, reason ${rscode}`);
    this.rtcode = rtcode;
    this.rscode = rscode;
  }
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

/** A queue as tools show it, `05.0004`. */
export function queueName(apqn: number): string {
  const adapter = (apqn >> 8).toString(16).padStart(2, '0');
  return `${adapter}.${(apqn & 0xff).toString(16).padStart(4, '0')}`;
}
