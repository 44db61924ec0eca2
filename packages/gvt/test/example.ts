import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { registerGvt, SoftGpu, unregisterGvt } from '@vfio-ts/gvt';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';

const path = process.argv[2] ?? '/tmp/gvt.sock';
const loop = new EventLoop();
const bus = new MdevBus(new VfioCore(linuxHost({ clock: loop.clock })));
const parent = registerGvt(bus, new SoftGpu());
const { instance } = await parent.create('i915-GVTg_V5_8', randomUUID());
const server = serveDevice(instance.device.vdev, { path, loop });
console.log(`a vGPU is on ${path}`);

await once(process, 'SIGINT');
server.close();
await unregisterGvt(bus, parent);
