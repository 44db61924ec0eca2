// Mediated Intel GPUs: the driver of vGPUs over a software GPU.

import { MdevSysfs } from '@vfio-ts/core';
import { registerGvt, SoftGpu, unregisterGvt } from '@vfio-ts/gvt';
import { dumpSysfs } from '../../sysfs/dump.ts';
import { mdevLinks } from '../../sysfs/mdev-links.ts';
import type { CommandDriver } from '../driver.ts';
import { planFor } from '../plan.ts';
import { attributesOf, GVT_HELP, readGvtSettings } from './settings.ts';

const ROOT = 'devices/pci0000:00';

/** vGPUs. */
export const gvt: CommandDriver = {
  name: 'gvt',
  busName: 'i915',
  help: GVT_HELP,
  register(bus, wishes) {
    const { gpu, sharing } = readGvtSettings(wishes);
    const parent = registerGvt(bus, new SoftGpu(gpu), sharing);
    return {
      plans: wishes.map((wish) =>
        planFor('gvt', parent, { ...wish, settings: attributesOf(wish) }),
      ),
      sysfs: () => [
        ...dumpSysfs([{ at: ROOT, view: new MdevSysfs(bus) }]),
        ...mdevLinks(bus, ROOT),
      ],
      unregister: () => unregisterGvt(bus, parent),
    };
  },
};
