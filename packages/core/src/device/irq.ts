// How a driver raises interrupts.

import { liveDevice, type VfioDevice } from './device.ts';

/**
 * Raises one interrupt. Nobody listening is no error.
 *
 * @throws `EINVAL` no such index or subindex; `ENODEV` the device has been released
 */
export function triggerIrq(vdev: VfioDevice, index: number, subindex: number): void {
  liveDevice(vdev, 'triggerIrq').irqs.trigger(index, subindex);
}

/**
 * Holds the INTx line up or lets it go. It is level triggered: while it is up, each unmask delivers again.
 *
 * @throws `EINVAL` the device has no INTx; `ENODEV` the device has been released
 */
export function setIntx(vdev: VfioDevice, asserted: boolean): void {
  liveDevice(vdev, 'setIntx').irqs.setLevel(asserted);
}

/** Whether a signal is assigned, so that a driver can save the work of an interrupt nobody gets. */
export function isIrqEnabled(vdev: VfioDevice, index: number, subindex: number): boolean {
  return liveDevice(vdev, 'isIrqEnabled').irqs.isEnabled(index, subindex);
}
