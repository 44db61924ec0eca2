// Attributes that are on or off.

import { VfioError } from '@vfio-ts/core';
import { scanDecimal } from './number.ts';

/**
 * Reads a decimal 0 or 1.
 *
 * @throws `EINVAL` anything else
 * @internal
 */
export function parseSwitch(op: string, text: string): boolean {
  const value = scanDecimal(op, text);
  if (value !== 0 && value !== 1) throw new VfioError('EINVAL', op, 'neither 0 nor 1');
  return value === 1;
}

/**
 * Reads what begins as a yes or a no does: `y`, `t`, `1`, `on`, `n`, `f`, `0`, `of`. Counterpart of `kstrtobool()`.
 *
 * @throws `EINVAL` anything else
 * @internal
 */
export function parseBool(op: string, text: string): boolean {
  if (/^(?:[yt1]|on)/i.test(text)) return true;
  if (/^(?:[nf0]|of)/i.test(text)) return false;
  throw new VfioError('EINVAL', op, 'neither yes nor no');
}
