// Faults of interrupts, and of what must go on while an unregister waits.

import {
  isIrqEnabled,
  triggerIrq,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSIX_IRQ_INDEX,
  VfioError,
} from '@vfio-ts/core';
import { MSIX_VECTORS, readRegion, referenceHarness } from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

const MSIX = VFIO_PCI_MSIX_IRQ_INDEX;

/** Drivers that raise interrupts wrongly. */
export const BROKEN_IRQS: readonly BrokenDriver[] = [
  brokenHarness(
    'loses the interrupts of its last vector',
    {
      triggerIrq({ vdev }, index, subindex) {
        if (index !== MSIX || subindex !== MSIX_VECTORS - 1) triggerIrq(vdev, index, subindex);
      },
    },
    { caughtBy: [74] },
  ),
  brokenHarness(
    'raises two interrupts for one',
    {
      triggerIrq({ vdev }, index, subindex) {
        triggerIrq(vdev, index, subindex);
        if (index === MSIX && subindex > 0) triggerIrq(vdev, index, subindex);
      },
    },
    { caughtBy: [74] },
  ),
  brokenHarness(
    'raises the interrupt of the neighbouring vector',
    {
      triggerIrq({ vdev }, index, subindex) {
        triggerIrq(vdev, index, index === MSIX && subindex > 1 ? subindex ^ 1 : subindex);
      },
    },
    { caughtBy: [74] },
  ),
  brokenHarness(
    'fails an interrupt that nobody listens to',
    {
      triggerIrq({ vdev }, index, subindex) {
        if (subindex > 0 && !isIrqEnabled(vdev, index, subindex)) {
          throw new VfioError('EINVAL', 'triggerIrq', 'nobody listens');
        }
        triggerIrq(vdev, index, subindex);
      },
    },
    { caughtBy: [75], alsoFails: [74] },
  ),
  brokenHarness(
    'raises its INTx as an edge',
    {
      setIntx({ vdev }, asserted) {
        if (asserted) triggerIrq(vdev, VFIO_PCI_INTX_IRQ_INDEX, 0);
      },
    },
    { caughtBy: [79] },
  ),
  brokenHarness(
    'forgets to let its INTx go',
    {
      setIntx(device, asserted) {
        if (asserted) referenceHarness.setIntx?.(device, true);
      },
    },
    { caughtBy: [79] },
  ),
  brokenHarness(
    'hides that it has interrupts',
    { supports: { ...referenceHarness.supports, irqs: false } },
    { caughtBy: [57, 82] },
  ),
  brokenOps(
    'stops working as soon as an unregister waits',
    {
      read(device, region, offset, into) {
        if (device.vdev.state === 'unregistering') {
          throw new VfioError('ENODEV', 'read', 'is going away');
        }
        readRegion(device, region, offset, into);
      },
    },
    { caughtBy: [43] },
  ),
];
