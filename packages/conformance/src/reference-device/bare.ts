// The other end: a good device that supports nothing, to prove what the suite says of that.

import { allocDevice, type VfioDevice, type VfioDeviceOps } from '@vfio-ts/core';
import { supportsNothing } from '../device-under-test.ts';
import type { DeviceHarness } from '../harness.ts';

/** A device that does nothing but exist. */
export class BareDevice {
  readonly vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

/** The smallest table of callbacks there is. */
export const bareOps: VfioDeviceOps<BareDevice> = { name: 'bare', deviceApi: 'vfio-platform' };

/** The harness of the smallest device there is. */
export const bareHarness: DeviceHarness<BareDevice> = {
  name: 'bare device',
  supports: supportsNothing,
  ops: bareOps,
  create: (host, ops) => allocDevice(BareDevice, 'vdev', host.parent('bare'), ops),
  vdev: ({ vdev }) => vdev,
};
