// Attributes that are on or off.

import { VfioError } from '@vfio-ts/core';

/**
 * Reads what `sscanf("%d")` takes, which has to be 0 or 1; what follows the number is not looked at.
 *
 * @throws `EINVAL`
 */
export function parseSwitch(op: string, text: string): boolean {
  const match = /^\s*[+-]?0*(?<digit>[01]?)(?!\d)/.exec(text);
  const isNumber = /^\s*[+-]?\d/.test(text);
  const digit = match?.groups?.['digit'];
  if (!isNumber || digit === undefined) throw new VfioError('EINVAL', op, 'neither 0 nor 1');
  const isOn = digit === '1';
  if (isOn && /^\s*-/.test(text)) throw new VfioError('EINVAL', op, 'neither 0 nor 1');
  return isOn;
}
