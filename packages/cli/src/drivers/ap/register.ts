// The vfio_ap driver over software cards.

import { ApSysfs, registerVfioAp, unregisterVfioAp, VFIO_AP_FEATURES } from '@vfio-ts/ap';
import { MdevSysfs, type MdevBus } from '@vfio-ts/core';
import { dumpSysfs, type DumpEntry } from '../../sysfs/dump.ts';
import { mdevLinks } from '../../sysfs/mdev-links.ts';
import type { DeviceWish, RegisteredDriver } from '../driver.ts';
import { planFor } from '../plan.ts';
import { openSoftMachine } from './machine.ts';
import { readSettings, splitSettings } from './settings.ts';

const ROOT = 'devices/vfio_ap';
const FEATURES: DumpEntry = {
  kind: 'file',
  path: `${ROOT}/matrix/features`,
  mode: 0o444,
  text: VFIO_AP_FEATURES,
};

/** Plugs the cards in and registers the driver. @throws UsageError */
export async function registerAp(
  bus: MdevBus,
  wishes: readonly DeviceWish[],
): Promise<RegisteredDriver> {
  const settings = readSettings(wishes);
  const machine = await openSoftMachine(bus.core, settings);
  const { instructionPort } = settings;
  const parent = await registerVfioAp(bus, machine.bus, { instructionPort });
  const views = [
    { at: '', view: new ApSysfs(machine.bus) },
    { at: ROOT, view: new MdevSysfs(bus) },
  ];
  return {
    plans: wishes.map((wish) => {
      const { attributes } = splitSettings(wish.settings);
      return planFor('ap', parent, { ...wish, settings: attributes });
    }),
    sysfs: () => [...dumpSysfs(views), FEATURES, ...mdevLinks(bus, ROOT)],
    async unregister() {
      await unregisterVfioAp(bus, parent);
      await machine.close();
    },
  };
}
