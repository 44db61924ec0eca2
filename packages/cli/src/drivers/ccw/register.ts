// The vfio_ccw driver over a channel subsystem in software.

import { registerVfioCcw } from '@vfio-ts/ccw';
import { MdevSysfs, type MdevBus } from '@vfio-ts/core';
import { dumpSysfs } from '../../sysfs/dump.ts';
import { mdevLinks } from '../../sysfs/mdev-links.ts';
import type { DevicePlan, DeviceWish, RegisteredDriver } from '../driver.ts';
import { planFor } from '../plan.ts';
import { CSS_ROOT, cssFiles } from './css-files.ts';
import { openCcwMachine } from './machine.ts';

/** Makes the devices and registers the driver. @throws UsageError; Error a file that cannot be used */
export async function registerCcw(
  bus: MdevBus,
  wishes: readonly DeviceWish[],
): Promise<RegisteredDriver> {
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
}
