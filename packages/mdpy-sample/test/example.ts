import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { registerMdpy, unregisterMdpy } from '@vfio-ts/mdpy-sample';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';

const path = process.argv[2] ?? '/tmp/mdpy.sock';
const bus = new MdevBus(new VfioCore(linuxHost()));
const parent = registerMdpy(bus);
const { instance } = await parent.create('mdpy-xga', randomUUID());
const server = serveDevice(instance.device.vdev, { path, loop: new EventLoop() });
console.log(`a display is on ${path}`);

await once(process, 'SIGINT');
server.close();
await unregisterMdpy(bus, parent);
