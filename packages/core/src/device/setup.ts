// What a driver tells core about its device in init: regions and interrupts. Registration closes the set-up.

import { VfioError } from '../errno.ts';
import type { IrqDefinition } from '../irq/definition.ts';
import type { IoEventDefinition } from '../region/io-event.ts';
import type { RegionDefinition } from '../region/definition.ts';
import { liveDevice, type CoreDevice, type VfioDevice } from './device.ts';

function setupDevice(vdev: VfioDevice, op: string): CoreDevice {
  const device = liveDevice(vdev, op);
  if (device.state !== 'initialising' && device.state !== 'allocated') {
    throw new VfioError('EINVAL', op, `${device.name} is ${device.state}: the set-up is closed`);
  }
  return device;
}

/**
 * Sets up the region at `index`; to be called in `init`.
 *
 * @throws `EINVAL` definition not consistent, or the device is registered; `EBUSY` index set up before
 */
export function setupRegion(vdev: VfioDevice, index: number, region: RegionDefinition): void {
  setupDevice(vdev, 'setupRegion').regions.setup(index, region);
}

/**
 * Sets up the interrupt index `index`; to be called in `init`.
 *
 * @throws `EINVAL` no count, or the device is registered; `EBUSY` index set up before
 */
export function setupIrq(vdev: VfioDevice, index: number, irq: IrqDefinition): void {
  setupDevice(vdev, 'setupIrq').irqs.setup(index, irq);
}

/**
 * Lets writes to a place of a region reach the device by a signal instead of a message; to be called in `init`,
 * after {@link setupRegion}. What a client does with it is its own business: writes that come as messages all the
 * same go to `write`. Counterpart of `VFIO_DEVICE_IOEVENTFD`, the other way round.
 *
 * @throws `EINVAL` no such region, definition not consistent, or the device is registered
 */
export function setupIoEventFd(
  vdev: VfioDevice,
  region: number,
  definition: IoEventDefinition,
): void {
  setupDevice(vdev, 'setupIoEventFd').regions.setupIoEvent(region, definition);
}
