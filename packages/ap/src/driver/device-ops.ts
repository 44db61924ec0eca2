// The callbacks of a mediated device of crypto queues.

import {
  deviceKvm,
  iommufdEmulatedOps,
  setupIrq,
  setupRegion,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import {
  AP_PORT_IRQ_COUNT,
  AP_PORT_IRQ_INDEX,
  AP_PORT_REGION_INDEX,
  AP_PORT_SIZE,
} from '../port/layout.ts';
import { ApPort } from '../port/port.ts';
import { portHost } from './port-host.ts';
import { VFIO_AP_NUM_IRQS } from './irqs.ts';
import type { ApMatrixMdev } from './mdev.ts';

const SIGNALS = { flags: VFIO_IRQ_INFO_EVENTFD, signalsOnly: true } as const;
const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

function addPort(mdev: ApMatrixMdev): void {
  const { vdev } = mdev;
  setupRegion(vdev, AP_PORT_REGION_INDEX, { size: AP_PORT_SIZE, flags: READ_WRITE });
  setupIrq(vdev, AP_PORT_IRQ_INDEX, { count: AP_PORT_IRQ_COUNT, ...SIGNALS });
  mdev.port = new ApPort(portHost(mdev));
}

/**
 * The face that the kernel's driver has: two interrupts, a reset, no region; behind them, where it was asked for, an
 * instruction port. Counterpart of `vfio_ap_matrix_dev_ops`.
 */
export const vfioApOps: VfioDeviceOps<ApMatrixMdev> = {
  name: 'vfio_ap',
  deviceApi: 'vfio-ap',
  ...iommufdEmulatedOps,
  init(mdev) {
    for (let index = 0; index < VFIO_AP_NUM_IRQS; index++) {
      setupIrq(mdev.vdev, index, { count: 1, ...SIGNALS });
    }
    if (mdev.host.hasInstructionPort) addPort(mdev);
  },
  read: ({ port }, _region, offset, into) => port?.read(offset, into),
  write: ({ port }, _region, offset, from) => port?.write(offset, from),
  openDevice: (mdev) => mdev.open(deviceKvm(mdev.vdev)),
  closeDevice: (mdev) => mdev.close(),
  reset: (mdev) => mdev.reset(),
  request: (mdev, count) => mdev.request(count),
  dmaUnmap: (mdev, iova, length) => mdev.dmaUnmap(iova, length),
};
