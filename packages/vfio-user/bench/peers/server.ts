// Devices with one register each and a region that says how the heap is, served as any device is.
// `node server.ts SOCKET [DEVICES [TURN]]`, under a parent that it tells when it is ready and, when asked, that it has
// collected its garbage. The second device is at `SOCKET.1`, and so on.

import {
  allocDevice,
  registerEmulatedIommuDev,
  setupRegion,
  unregisterGroupDev,
  VFIO_REGION_INFO_FLAG_READ,
  VfioCore,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { EventLoop, linuxHost, serveDevice } from '../../src/index.ts';
import { HEAP_REGION, HEAP_REGION_SIZE, HeapObserver } from '../support/heap-region.ts';
import { RegisterDevice, registerOps } from '../support/register-device.ts';

const [, , path = '', devices = '1', turn] = process.argv;
const core = new VfioCore(linuxHost());
const loop = new EventLoop(turn === undefined ? {} : { turn: Number(turn) });
const heap = new HeapObserver();

const ops: VfioDeviceOps<RegisterDevice> = {
  ...registerOps,
  init(device) {
    registerOps.init?.(device);
    const info = { size: HEAP_REGION_SIZE, flags: VFIO_REGION_INFO_FLAG_READ };
    setupRegion(device.vdev, HEAP_REGION, info);
  },
  read(device, region, offset, into) {
    if (region === HEAP_REGION) heap.read(into);
    else registerOps.read?.(device, region, offset, into);
  },
};

function serve(number: number) {
  const device = allocDevice(RegisterDevice, 'vdev', core.parent(`bench${number}`), ops);
  const { vdev } = device.device;
  registerEmulatedIommuDev(vdev);
  const server = serveDevice(vdev, { path: number === 0 ? path : `${path}.${number}`, loop });
  return { device, server };
}

const served = Array.from({ length: Number(devices) }, (_, number) => serve(number));

const tell = (): void => void process.send?.('done');

async function end(): Promise<void> {
  for (const { server } of served) server.close();
  loop.close();
  await Promise.all(served.map(({ device }) => unregisterGroupDev(device.device.vdev)));
  for (const { device } of served) device.put();
}

process.on('message', () => {
  globalThis.gc?.();
  tell();
});
process.once('disconnect', () => void end());
tell();
