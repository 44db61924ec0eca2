// What a driver tells core about its device in init: regions and interrupts. Registration closes the set-up.

import { VfioError } from '../errno.ts';
import type { IrqDefinition } from '../irq/definition.ts';
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
