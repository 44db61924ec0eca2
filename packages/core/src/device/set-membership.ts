// Which device is in which set: members are counted, and the last one takes the set with it.

import { CoreTable } from '../core-table.ts';
import { VfioError } from '../errno.ts';
import { DeviceSet } from './device-set.ts';
import { liveDevice, type CoreDevice, type VfioDevice } from './device.ts';

const setsOf = new CoreTable(() => new Map<unknown, DeviceSet>());

/**
 * Puts a device into the set called `setId`; to be called in `init`. Counterpart of `vfio_assign_device_set()`.
 *
 * @param setId - any value; the same value means the same set, within one core
 * @throws `EINVAL` no id, in a set already, or registered already
 */
export function assignDeviceSet(vdev: VfioDevice, setId: object | string | number): void {
  const device = liveDevice(vdev, 'assignDeviceSet');
  const early = device.state === 'initialising' || device.state === 'allocated';
  if (setId === null || setId === undefined || !early || device.deviceSet !== undefined) {
    throw new VfioError(
      'EINVAL',
      'assignDeviceSet',
      `${device.name}: needs an id, once, before registration`,
    );
  }
  const set = setsOf.of(device.core).getOrInsertComputed(setId, (id) => new DeviceSet(id));
  set.members.push(device);
  device.deviceSet = set;
}

/** Takes a device out of its set; the last member takes the set with it. */
export function leaveDeviceSet(device: CoreDevice): void {
  const set = device.deviceSet;
  if (set === undefined) return;
  device.deviceSet = undefined;
  set.members.splice(set.members.indexOf(device), 1);
  if (set.members.length === 0 && set.id !== undefined) setsOf.of(device.core).delete(set.id);
}

/** Gives a device without a set one of its own, as registration does. */
export function ensureDeviceSet(device: CoreDevice): void {
  if (device.deviceSet !== undefined) return;
  device.deviceSet = new DeviceSet();
  device.deviceSet.members.push(device);
}

/**
 * Opens of all members of the device's set. Counterpart of `vfio_device_set_open_count()`.
 *
 * @throws `ENODEV` the device has been released
 */
export function deviceSetOpenCount(vdev: VfioDevice): number {
  const device = liveDevice(vdev, 'deviceSetOpenCount');
  let count = device.deviceSet === undefined ? device.openCount : 0;
  for (const member of device.deviceSet?.members ?? []) count += member.openCount;
  return count;
}
