// The whole program: node src/serve-crc.ts /tmp/crc.sock

import { allocDevice, registerEmulatedIommuDev, unregisterGroupDev, VfioCore } from '@vfio-ts/core';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';
import { CrcDevice, crcOps } from './crc-device.ts';

const core = new VfioCore(linuxHost());
using crc = allocDevice(CrcDevice, 'vdev', core.parent('crc'), crcOps);
registerEmulatedIommuDev(crc.device.vdev);
const path = process.argv[2] ?? '/tmp/crc.sock';
const server = serveDevice(crc.device.vdev, { path, loop: new EventLoop() });
console.log(`serving on ${path}, Ctrl-C ends it`);
await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
server.close();
await unregisterGroupDev(crc.device.vdev);
