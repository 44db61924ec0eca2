// Which virtual machine has a device open.

import { liveDevice, type VfioDevice } from './device.ts';
import type { KvmReference } from './user.ts';

/**
 * The virtual machine that has the device open; `undefined` while nobody has, and for users that are none. It is
 * there from `openDevice` to `closeDevice`, both included. Counterpart of `vfio_device.kvm`.
 *
 * @throws `ENODEV` the device has been released
 */
export function deviceKvm(vdev: VfioDevice): KvmReference | undefined {
  return liveDevice(vdev, 'deviceKvm').user?.kvm;
}
