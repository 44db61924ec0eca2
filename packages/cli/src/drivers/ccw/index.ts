// s390 channel devices: the vfio_ccw driver over a channel subsystem in software.

import { registerVfioCcw } from '@vfio-ts/ccw';
import { MdevSysfs } from '@vfio-ts/core';
import { dumpSysfs } from '../../sysfs/dump.ts';
import { mdevLinks } from '../../sysfs/mdev-links.ts';
import type { CommandDriver, DevicePlan } from '../driver.ts';
import { planFor } from '../plan.ts';
import { CSS_ROOT, cssFiles } from './css-files.ts';
import { openCcwMachine } from './machine.ts';
import { CCW_HELP } from './settings.ts';

/** DASDs, terminals and tapes. */
export const ccw: CommandDriver = {
  name: 'ccw',
  busName: 'vfio_ccw',
  look: (socket) => `its channel programs: vfio-ts ccw trace ${socket}`,
  types: [
    {
      // The first of a channel subsystem, which each device has to itself.
      parent: '0.0.0000',
      type: 'vfio_ccw-io',
      availableInstances: 1,
      deviceApi: 'vfio-ccw',
      name: 'I/O subchannel (Non-QDIO)',
    },
  ],
  help: CCW_HELP,
  async register(bus, wishes) {
    const machine = await openCcwMachine(bus.core, wishes);
    const subchannels = machine.devices.map(({ subchannel }) => subchannel);
    const driver = registerVfioCcw(bus, subchannels);
    const plans = machine.devices.flatMap(({ subchannel, busId, watched, made }, i) => {
      const wish = wishes[i];
      const parent = bus.parent(subchannel.name);
      if (wish === undefined || parent === undefined) return [];
      const plan: DevicePlan = {
        ...planFor('ccw', parent, { ...wish, type: undefined, settings: [] }),
        lines: [`it is ${busId} on subchannel ${subchannel.name}: ${made.lines.join('; ')}`],
        facts: { devno: busId, subchannel: subchannel.name, ...made.facts },
        beside: (socket) => watched.tell(socket, bus.core.logger),
      };
      return [plan];
    });
    return {
      plans,
      sysfs: () => [
        ...dumpSysfs([{ at: CSS_ROOT, view: new MdevSysfs(bus) }]),
        ...cssFiles(subchannels),
        ...mdevLinks(bus, CSS_ROOT),
      ],
      async unregister() {
        await driver.unregister();
        await machine.close();
      },
    };
  },
};
