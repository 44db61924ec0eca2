// A device with one register, served as any device is. `node server.ts SOCKET`, under a parent that it tells when it
// is ready and, when asked, what it has allocated.

import {
  allocDevice,
  registerEmulatedIommuDev,
  setupRegion,
  unregisterGroupDev,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  VfioCore,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { getHeapStatistics } from 'node:v8';
import { EventLoop, linuxHost, serveDevice } from '../../src/index.ts';

/** What the server tells. */
export interface Told {
  /** Bytes the heap has given out so far; `undefined` where V8 does not count them. */
  readonly allocated: number | undefined;
}

class RegisterDevice {
  readonly vdev: VfioDevice;
  value = 0;
  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

const ops: VfioDeviceOps<RegisterDevice> = {
  name: 'register',
  init({ vdev }) {
    const flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
    setupRegion(vdev, 0, { size: 0x200000, flags });
  },
  read({ value }, _region, _offset, into) {
    into[0] = value;
  },
  write(device, _region, _offset, from) {
    device.value = from[0] ?? 0;
  },
};

const [, , path = ''] = process.argv;
const core = new VfioCore(linuxHost());
const device = allocDevice(RegisterDevice, 'vdev', core.parent('bench'), ops);
const { vdev } = device.device;
registerEmulatedIommuDev(vdev);
const loop = new EventLoop();
const server = serveDevice(vdev, { path, loop });

function tell(): void {
  const { total_allocated_bytes: allocated } = getHeapStatistics();
  process.send?.({ allocated } satisfies Told);
}

process.on('message', tell);
process.once('disconnect', () => {
  server.close();
  loop.close();
  void unregisterGroupDev(vdev).then(() => device.put());
});
tell();
