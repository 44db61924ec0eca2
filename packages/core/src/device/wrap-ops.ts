// Exchange of a live device's callbacks, for what stands between core and a driver: fault plans, recorders, reload.

import { VfioError } from '../errno.ts';
import type { VfioDeviceOps } from '../ops.ts';
import { liveDevice, type VfioDevice } from './device.ts';

/** Callbacks whose presence is part of what the user of a device has been told. */
const FIXED = ['migration', 'log', 'reset', 'openDevice', 'closeDevice', 'bindIommufd'] as const;

/**
 * Replaces a device's callbacks by what `wrap` makes of them. Core looks each one up when it calls it, so the
 * exchange counts from the next call on.
 *
 * @param wrap - gets the table in use; returns the one to use
 * @throws `EINVAL` a callback comes or goes that the device has shown its user; `ENODEV` released. Nothing has
 * changed then.
 */
export function wrapOps(
  vdev: VfioDevice,
  wrap: (ops: VfioDeviceOps<object>) => VfioDeviceOps<object>,
): void {
  const device = liveDevice(vdev, 'wrapOps');
  const ops = wrap(device.ops);
  const differs = FIXED.find((key) => (ops[key] === undefined) !== (device.ops[key] === undefined));
  if (differs !== undefined) {
    throw new VfioError('EINVAL', 'wrapOps', `${device.name}: ${differs} cannot come or go`);
  }
  device.ops = ops;
}
