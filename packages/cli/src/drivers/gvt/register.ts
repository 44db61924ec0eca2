// The driver of vGPUs over a software GPU.

import { MdevSysfs, type MdevBus } from '@vfio-ts/core';
import { registerGvt, SoftGpu, unregisterGvt } from '@vfio-ts/gvt';
import { dumpSysfs } from '../../sysfs/dump.ts';
import { mdevLinks } from '../../sysfs/mdev-links.ts';
import type { DeviceWish, RegisteredDriver } from '../driver.ts';
import { planFor } from '../plan.ts';
import { attributesOf, readGvtSettings } from './settings.ts';

const ROOT = 'devices/pci0000:00';

/** Makes the GPU and registers the driver. @throws UsageError */
export function registerVgpus(bus: MdevBus, wishes: readonly DeviceWish[]): RegisteredDriver {
  const { gpu, sharing } = readGvtSettings(wishes);
  const parent = registerGvt(bus, new SoftGpu(gpu), sharing);
  return {
    plans: wishes.map((wish) => planFor('gvt', parent, { ...wish, settings: attributesOf(wish) })),
    sysfs: () => [...dumpSysfs([{ at: ROOT, view: new MdevSysfs(bus) }]), ...mdevLinks(bus, ROOT)],
    unregister: () => unregisterGvt(bus, parent),
  };
}
