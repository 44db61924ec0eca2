// The callbacks of a mediated device of crypto queues.

import {
  deviceKvm,
  iommufdEmulatedOps,
  setupIrq,
  VFIO_IRQ_INFO_EVENTFD,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { VFIO_AP_NUM_IRQS } from './irqs.ts';
import type { ApMatrixMdev } from './mdev.ts';

/** The face that the kernel's driver has: two interrupts, a reset, no region. Counterpart of `vfio_ap_matrix_dev_ops`. */
export const vfioApOps: VfioDeviceOps<ApMatrixMdev> = {
  name: 'vfio_ap',
  deviceApi: 'vfio-ap',
  ...iommufdEmulatedOps,
  init({ vdev }) {
    for (let index = 0; index < VFIO_AP_NUM_IRQS; index++) {
      setupIrq(vdev, index, { count: 1, flags: VFIO_IRQ_INFO_EVENTFD });
    }
  },
  openDevice: (mdev) => mdev.open(deviceKvm(mdev.vdev)),
  closeDevice: (mdev) => mdev.close(),
  reset: (mdev) => mdev.reset(),
  request: (mdev, count) => mdev.request(count),
  dmaUnmap: (mdev, iova, length) => mdev.dmaUnmap(iova, length),
};
