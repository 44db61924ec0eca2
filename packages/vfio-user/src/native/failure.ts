// How a failed system call becomes an exception.

import { ERRNO, errnoCode, VfioError } from '@vfio-ts/core';
import { lastErrno } from './ffi.ts';

/** What a call that does not throw for it returns where it would have had to wait. */
export const WOULD_BLOCK = -1;

/** True when the last failed call was interrupted by a signal and is to be made again. */
export function interrupted(): boolean {
  return lastErrno() === ERRNO.EINTR;
}

/** True when the last failed call would have had to wait, or waited its time out. */
export function wouldBlock(): boolean {
  return lastErrno() === ERRNO.EAGAIN;
}

/**
 * The exception for the last failed call. Numbers our table does not have become `EIO` with the number in
 * the text.
 *
 * @param call - name of the system call
 * @param fact - what it was called on
 */
export function failure(call: string, fact: string): VfioError {
  const errno = lastErrno();
  const code = errnoCode(errno);
  return code === undefined
    ? new VfioError('EIO', call, `${fact}, errno ${errno}`)
    : new VfioError(code, call, fact);
}

/**
 * Checks a result that is not negative on success.
 *
 * @throws the error of the call
 */
export function checked(result: number, call: string, fact: string): number {
  if (result < 0) throw failure(call, fact);
  return result;
}
