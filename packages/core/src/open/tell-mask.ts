// Tells a driver that its interrupts have been masked or unmasked.

import type { CoreDevice } from '../device/device.ts';

/** The mask has changed by now: the driver is told and cannot refuse. */
export function tellMask(
  device: CoreDevice,
  index: number,
  start: number,
  count: number,
  masked: boolean,
): void {
  try {
    device.ops.irqMask?.(device.self, index, start, count, masked);
  } catch (error) {
    device.core.logger.log('error', device.name, () => 'irqMask failed', error);
  }
}
