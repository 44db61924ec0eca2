// From a wish to a type that a parent really has.

import type { MdevParent } from '@vfio-ts/core';
import { UsageError } from '../usage.ts';
import type { DevicePlan, DeviceWish } from './driver.ts';

/**
 * The plan for a wish that one parent fulfils; a parent with one type needs no name of it.
 *
 * @param driver - as in `serve DRIVER:TYPE`
 * @throws UsageError there is no such type
 */
export function planFor(driver: string, parent: MdevParent, wish: DeviceWish): DevicePlan {
  const known = parent.types.map(({ directory }) => directory);
  const [only] = known;
  const type = wish.type ?? (known.length === 1 ? only : undefined);
  if (type === undefined) {
    throw new UsageError(
      `${driver}: say which type, as in ${driver}:${only}; there are: ${known.join(', ')}`,
    );
  }
  if (!known.includes(type)) {
    throw new UsageError(
      `${driver} has no type ${JSON.stringify(type)}; there are: ${known.join(', ')}`,
    );
  }
  return { parent, type, attributes: wish.settings };
}
