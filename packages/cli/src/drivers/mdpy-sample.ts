import { MdevSysfs } from '@vfio-ts/core';
import { registerMdpy, unregisterMdpy } from '@vfio-ts/mdpy-sample';
import { dumpSysfs } from '../sysfs/dump.ts';
import { mdevLinks } from '../sysfs/mdev-links.ts';
import type { CommandDriver } from './driver.ts';
import { planFor } from './plan.ts';

const ROOT = 'devices/virtual/mdpy';

/** The mdpy display. */
export const mdpySample: CommandDriver = {
  name: 'mdpy-sample',
  busName: 'mdpy',
  help: ['mdpy-vga 640x480, mdpy-xga 1024x768, mdpy-hd 1920x1080'],
  register(bus, wishes) {
    const parent = registerMdpy(bus, { maxDevices: Math.max(4, wishes.length) });
    return {
      plans: wishes.map((wish) => planFor('mdpy-sample', parent, wish)),
      sysfs: () => [
        ...dumpSysfs([{ at: ROOT, view: new MdevSysfs(bus) }]),
        ...mdevLinks(bus, ROOT),
      ],
      unregister: () => unregisterMdpy(bus, parent),
    };
  },
};
