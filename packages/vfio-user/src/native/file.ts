// Bytes of open files: read and write at a position or where the file stands.

import { checked, failure, interrupted, WOULD_BLOCK, wouldBlock } from './failure.ts';
import { raw } from './ffi.ts';

/**
 * Reads from where the file stands.
 *
 * @returns how many bytes were read, or `WOULD_BLOCK`
 */
export function read(fd: number, into: Uint8Array): number {
  for (;;) {
    const result = raw.read(fd, into, into.length);
    if (result >= 0) return result;
    if (wouldBlock()) return WOULD_BLOCK;
    if (!interrupted()) throw failure('read', `descriptor ${fd}`);
  }
}

/**
 * Writes where the file stands.
 *
 * @returns how many bytes were written, or `WOULD_BLOCK`
 */
export function write(fd: number, from: Uint8Array): number {
  for (;;) {
    const result = raw.write(fd, from, from.length);
    if (result >= 0) return result;
    if (wouldBlock()) return WOULD_BLOCK;
    if (!interrupted()) throw failure('write', `descriptor ${fd}`);
  }
}

/** Fills `into` from `offset`; returns how many bytes there were before the end of the file. */
export function pread(fd: number, into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const result = raw.pread(fd, into.subarray(done), into.length - done, offset + done);
    if (result === 0) break;
    if (result > 0) done += result;
    else if (!interrupted()) checked(result, 'pread', `descriptor ${fd}`);
  }
  return done;
}

/** Writes `from` at `offset`; returns how many bytes the file took. */
export function pwrite(fd: number, from: Uint8Array, offset: number): number {
  let done = 0;
  while (done < from.length) {
    const result = raw.pwrite(fd, from.subarray(done), from.length - done, offset + done);
    if (result === 0) break;
    if (result > 0) done += result;
    else if (!interrupted()) checked(result, 'pwrite', `descriptor ${fd}`);
  }
  return done;
}
