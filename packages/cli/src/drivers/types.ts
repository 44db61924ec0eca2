// What a driver's parents can make.

import type { Logger } from '@vfio-ts/core';
import { openWorkplace } from '../workplace.ts';
import { within } from '../within.ts';
import type { CommandDriver, TypeFacts } from './driver.ts';

/** Milliseconds a driver may take that is asked for its types. */
const REGISTER_TIMEOUT = 10_000;

const silent: Logger = { log: () => undefined };

/** All types of a driver: those it says, or those of the parents that it registers where nobody has a device. */
export async function typesOf(driver: CommandDriver): Promise<readonly TypeFacts[]> {
  if (driver.types !== undefined) return driver.types;
  const { bus } = openWorkplace(silent);
  const { unregister } = await within(REGISTER_TIMEOUT, driver.register(bus, []));
  try {
    return bus.parents.flatMap((parent) =>
      parent.types.map(
        ({ directory, availableInstances, deviceApi, name, hasDescription, description }) => ({
          parent: parent.name,
          type: directory,
          availableInstances,
          deviceApi,
          name,
          ...(hasDescription && description !== undefined && { description: description.trim() }),
        }),
      ),
    );
  } finally {
    await unregister();
  }
}
