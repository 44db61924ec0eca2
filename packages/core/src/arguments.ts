// What the compiler refuses and plain JavaScript can still pass: EINVAL in place of a TypeError.

import { VfioError } from './errno.ts';

/** Tells whether a value has properties to look at. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** @throws `EINVAL` `value` is no object */
export function checkObject(op: string, what: string, value: unknown): void {
  if (!isObject(value)) throw new VfioError('EINVAL', op, `${what} is no object`);
}

/** @throws `EINVAL` `value` is no Uint8Array */
export function checkBytes(op: string, value: unknown): void {
  if (!(value instanceof Uint8Array)) throw new VfioError('EINVAL', op, 'buffer is no Uint8Array');
}

/** A number as a guest sees it; of anything else, what it is. */
export function hex(value: unknown): string {
  if (typeof value !== 'number') return typeof value;
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
