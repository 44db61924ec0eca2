// From what a package exports to all that the command needs of a driver.

import { MdevSysfs, type MdevBus } from '@vfio-ts/core';
import { dumpSysfs, type SysfsDump } from '../sysfs/dump.ts';
import { mdevLinks } from '../sysfs/mdev-links.ts';
import type { DriverRegistration, PackagedDriver } from './contract.ts';
import type { CommandDriver, DeviceWish, RegisteredDriver } from './driver.ts';
import { DriverError } from './manifest.ts';
import { planOnBus } from './plan.ts';

/** Adds what a package left out. @param what - whose it is, for errors */
export function complete(packaged: PackagedDriver, what: string): CommandDriver {
  const { name, busName, help, types } = packaged;
  return {
    name,
    busName,
    help,
    ...(types !== undefined && { types }),
    ...(packaged.look !== undefined && { look: (socket) => packaged.look?.(socket) ?? '' }),
    async register(bus, wishes) {
      const registered = await packaged.register(bus, wishes);
      if (typeof registered?.unregister !== 'function') {
        throw new DriverError(`${what} gives no unregister: its devices could not be removed`);
      }
      return await completed(registered, { bus, name, busName, wishes });
    },
  };
}

interface Registering {
  readonly bus: MdevBus;
  readonly name: string;
  readonly busName: string;
  readonly wishes: readonly DeviceWish[];
}

async function completed(
  registered: DriverRegistration,
  { bus, name, busName, wishes }: Registering,
): Promise<RegisteredDriver> {
  try {
    return {
      plans: registered.plans ?? wishes.map((wish) => planOnBus(name, bus, wish)),
      sysfs: () => registered.sysfs?.() ?? treeOf(bus, busName),
      unregister: () => registered.unregister(),
    };
  } catch (error) {
    await registered.unregister();
    throw error;
  }
}

function treeOf(bus: MdevBus, busName: string): SysfsDump {
  const root = `devices/virtual/${busName}`;
  return [...dumpSysfs([{ at: root, view: new MdevSysfs(bus) }]), ...mdevLinks(bus, root)];
}
