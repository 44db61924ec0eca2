// A device with one register, served as any device is. `node server.ts SOCKET`, under a parent that it tells when it
// is ready and, when asked, what it has allocated.

import { allocDevice, registerEmulatedIommuDev, unregisterGroupDev, VfioCore } from '@vfio-ts/core';
import { getHeapStatistics } from 'node:v8';
import { EventLoop, linuxHost, serveDevice } from '../../src/index.ts';
import { RegisterDevice, registerOps } from '../support/register-device.ts';

/** What the server tells. */
export interface Told {
  /** Bytes the heap has given out so far; `undefined` where V8 does not count them. */
  readonly allocated: number | undefined;
}

const [, , path = ''] = process.argv;
const core = new VfioCore(linuxHost());
const device = allocDevice(RegisterDevice, 'vdev', core.parent('bench'), registerOps);
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
