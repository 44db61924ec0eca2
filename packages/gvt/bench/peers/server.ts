// A vGPU, served as any device is. `node server.ts SOCKET`, under a parent that it tells when it is ready.

import { randomUUID } from 'node:crypto';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';
import { registerGvt, SoftGpu, unregisterGvt } from '../../src/index.ts';

const [, , path = ''] = process.argv;
const loop = new EventLoop();
const bus = new MdevBus(new VfioCore(linuxHost({ clock: loop.clock })));
const parent = registerGvt(bus, new SoftGpu());
const { instance } = await parent.create('i915-GVTg_V5_8', randomUUID());
const server = serveDevice(instance.device.vdev, { path, loop });

process.once('disconnect', () => {
  server.close();
  void unregisterGvt(bus, parent).then(() => loop.close());
});
process.send?.('ready');
