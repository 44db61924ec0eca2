// From a wish to a type that a parent really has.

import type { MdevBus, MdevParent } from '@vfio-ts/core';
import { UsageError } from '../usage.ts';
import type { DevicePlan, DeviceWish } from './driver.ts';

/**
 * The plan for a wish that one parent fulfils; a parent with one type needs no name of it.
 *
 * @param driver - as in `serve DRIVER:TYPE`
 * @throws UsageError there is no such type
 */
export function planFor(driver: string, parent: MdevParent, wish: DeviceWish): DevicePlan {
  return planFrom(driver, [parent], wish);
}

/** The plan for a wish that the first parent on the bus that has the type fulfils. @throws as {@link planFor} */
export function planOnBus(driver: string, bus: MdevBus, wish: DeviceWish): DevicePlan {
  return planFrom(driver, bus.parents, wish);
}

function planFrom(driver: string, parents: readonly MdevParent[], wish: DeviceWish): DevicePlan {
  const types = parents.flatMap((parent) => parent.types);
  const known = [...new Set(types.map(({ directory }) => directory))];
  const [only] = known;
  const type = wish.type ?? (known.length === 1 ? only : undefined);
  if (known.length === 0)
    throw new UsageError(`${driver} offers no types: there is nothing to serve`);
  if (type === undefined) {
    throw new UsageError(
      `${driver}: say which type, as in ${driver}:${only}; there are: ${known.join(', ')}`,
    );
  }
  const parent = parents.find((one) => one.type(type) !== undefined);
  if (parent === undefined) {
    throw new UsageError(
      `${driver} has no type ${JSON.stringify(type)}; there are: ${known.join(', ')}`,
    );
  }
  return { parent, type, attributes: wish.settings };
}
