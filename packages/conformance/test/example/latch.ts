import {
  iommufdEmulatedOps,
  setupRegion,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';

/** A device of 64 bytes that can be written and read back. */
export class LatchDevice {
  readonly vdev: VfioDevice;
  readonly bytes: Uint8Array = new Uint8Array(64);

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

export const latchOps: VfioDeviceOps<LatchDevice> = {
  name: 'latch',
  deviceApi: 'vfio-platform',
  ...iommufdEmulatedOps,
  init: ({ vdev, bytes }) => setupRegion(vdev, 0, { size: bytes.length, flags: 3 }),
  read: ({ bytes }, _region, offset, into) =>
    into.set(bytes.subarray(offset, offset + into.length)),
  write: ({ bytes }, _region, offset, from) => bytes.set(from, offset),
  reset: ({ bytes }) => void bytes.fill(0),
};
