// A display of one type on one socket, until it is interrupted: `node serve-display.ts TYPE SOCKET`.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { registerMdpy, unregisterMdpy } from '@vfio-ts/mdpy-sample';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';

const [type = '', path = ''] = process.argv.slice(2);
const core = new VfioCore(linuxHost());
const bus = new MdevBus(core);
const parent = registerMdpy(bus);
const { instance } = await parent.create(type, randomUUID());
const server = serveDevice(instance.device.vdev, { path, loop: new EventLoop() });
console.log('ready');

await once(process, 'SIGINT');
server.close();
await unregisterMdpy(bus, parent);
process.exitCode = core.leaks().length;
