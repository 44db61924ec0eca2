// The display sample, as a package outside would bring it.

import { complete } from './complete.ts';
import type { CommandDriver } from './driver.ts';

/** The mdpy display. */
export const mdpySample: CommandDriver = complete(
  {
    name: 'mdpy-sample',
    busName: 'mdpy',
    help: ['mdpy-vga 640x480, mdpy-xga 1024x768, mdpy-hd 1920x1080'],
    async register(bus, wishes) {
      const { registerMdpy, unregisterMdpy } = await import('@vfio-ts/mdpy-sample');
      const parent = registerMdpy(bus, { maxDevices: Math.max(4, wishes.length) });
      return { unregister: () => unregisterMdpy(bus, parent) };
    },
  },
  'mdpy-sample',
);
