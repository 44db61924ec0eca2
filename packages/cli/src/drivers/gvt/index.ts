// Mediated Intel GPUs: the driver of vGPUs over a software GPU.

import { MdevSysfs } from '@vfio-ts/core';
import { registerGvt, SoftGpu, unregisterGvt, type GvtParent } from '@vfio-ts/gvt';
import { dumpSysfs } from '../../sysfs/dump.ts';
import { mdevLinks } from '../../sysfs/mdev-links.ts';
import type { CommandDriver, DevicePlan, DeviceWish } from '../driver.ts';
import { planFor } from '../plan.ts';
import { PictureFeed } from './picture-feed.ts';
import { attributesOf, GVT_HELP, pictureOf, readGvtSettings } from './settings.ts';

const ROOT = 'devices/pci0000:00';

/** vGPUs. */
export const gvt: CommandDriver = {
  name: 'gvt',
  busName: 'i915',
  help: GVT_HELP,
  register(bus, wishes) {
    const { aperture, pipes, mappable, resolution } = readGvtSettings(wishes);
    const parent = registerGvt(bus, new SoftGpu({ aperture, pipes }), {
      mappable,
      ...(resolution !== undefined && { resolution }),
    });
    return {
      plans: wishes.map((wish) => plan(parent, wish)),
      sysfs: () => [
        ...dumpSysfs([{ at: ROOT, view: new MdevSysfs(bus) }]),
        ...mdevLinks(bus, ROOT),
      ],
      unregister: () => unregisterGvt(bus, parent),
    };
  },
};

function plan(parent: GvtParent, wish: DeviceWish): DevicePlan {
  const picture = pictureOf(wish);
  const made = planFor('gvt', parent, { ...wish, settings: attributesOf(wish) });
  if (picture === undefined) return made;
  return {
    ...made,
    lines: [`what it shows is in ${picture}`],
    facts: { picture },
    beside: () => feed(parent, wish.uuid, picture),
  };
}

function feed(parent: GvtParent, uuid: string, path: string): Disposable {
  const mdev = parent.devices.find(({ name }) => name === uuid);
  const vdev = mdev?.vfioDevice;
  if (mdev === undefined || vdev === undefined) return new DisposableStack();
  return new PictureFeed(path, vdev, mdev.core.logger);
}
