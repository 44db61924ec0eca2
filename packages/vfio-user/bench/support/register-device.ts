// A device with one register and one interrupt.

import {
  setupIrq,
  setupRegion,
  VFIO_PCI_MSI_IRQ_INDEX,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';

/** Bytes of region 0, all of which are the register. */
export const REGION_SIZE = 0x200000;

/** A region whose register makes an object for each read, as no driver should. */
export const LITTERING_REGION = 1;

/** The device. */
export class RegisterDevice {
  readonly vdev: VfioDevice;
  value = 0;
  litter: object | undefined;
  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

/** What it does. */
export const registerOps: VfioDeviceOps<RegisterDevice> = {
  name: 'register',
  init({ vdev }) {
    const flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
    setupRegion(vdev, 0, { size: REGION_SIZE, flags });
    setupRegion(vdev, LITTERING_REGION, { size: 4, flags });
    setupIrq(vdev, VFIO_PCI_MSI_IRQ_INDEX, { count: 1 });
  },
  read(device, region, _offset, into) {
    if (region === LITTERING_REGION) device.litter = { region };
    into[0] = device.value;
  },
  write(device, _region, _offset, from) {
    device.value = from[0] ?? 0;
  },
};
