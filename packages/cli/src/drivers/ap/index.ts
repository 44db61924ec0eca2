// s390 crypto adapters: the vfio_ap driver over software cards.

import { ApSysfs, registerVfioAp, unregisterVfioAp, VFIO_AP_FEATURES } from '@vfio-ts/ap';
import { MdevSysfs } from '@vfio-ts/core';
import { dumpSysfs, type DumpEntry } from '../../sysfs/dump.ts';
import { mdevLinks } from '../../sysfs/mdev-links.ts';
import type { CommandDriver } from '../driver.ts';
import { planFor } from '../plan.ts';
import { openSoftMachine } from './machine.ts';
import { AP_HELP, readSettings, splitSettings } from './settings.ts';

const ROOT = 'devices/vfio_ap';
const FEATURES: DumpEntry = {
  kind: 'file',
  path: `${ROOT}/matrix/features`,
  mode: 0o444,
  text: VFIO_AP_FEATURES,
};

/** Crypto adapters. */
export const ap: CommandDriver = {
  name: 'ap',
  busName: 'vfio_ap',
  look: (socket) => `who has which queue: vfio-ts ap ls ${socket}`,
  help: AP_HELP,
  async register(bus, wishes) {
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
  },
};
