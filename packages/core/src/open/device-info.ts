// VFIO_DEVICE_GET_INFO.

import type { DeviceInfo } from '../access.ts';
import type { CoreDevice } from '../device/device.ts';
import { VfioError } from '../errno.ts';
import type { DeviceApi } from '../ops.ts';
import {
  VFIO_DEVICE_FLAGS_AP,
  VFIO_DEVICE_FLAGS_CCW,
  VFIO_DEVICE_FLAGS_PCI,
  VFIO_DEVICE_FLAGS_PLATFORM,
  VFIO_DEVICE_FLAGS_RESET,
} from '../uapi.ts';

const DEVICE_INFO_SIZE = 16;

const API_FLAG: Readonly<Record<DeviceApi, number>> = {
  'vfio-pci': VFIO_DEVICE_FLAGS_PCI,
  'vfio-platform': VFIO_DEVICE_FLAGS_PLATFORM,
  'vfio-ccw': VFIO_DEVICE_FLAGS_CCW,
  'vfio-ap': VFIO_DEVICE_FLAGS_AP,
};

/**
 * Describes an open device. The RESET flag is set exactly when the driver has a reset.
 *
 * @throws `EINVAL` argsz below 16
 */
export function deviceInfo(device: CoreDevice, argsz: number): DeviceInfo {
  if (!(argsz >= DEVICE_INFO_SIZE)) {
    throw new VfioError('EINVAL', 'getInfo', `argsz ${argsz} is below ${DEVICE_INFO_SIZE}`);
  }
  const reset = device.ops.reset === undefined ? 0 : VFIO_DEVICE_FLAGS_RESET;
  return {
    argsz: DEVICE_INFO_SIZE,
    flags: API_FLAG[device.deviceApi] | reset,
    numRegions: device.regions.count,
    numIrqs: device.irqs.count,
  };
}
