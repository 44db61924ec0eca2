// Devices with one register each, served as any device is. `node server.ts SOCKET [DEVICES]`, under a parent that it
// tells when it is ready and, when asked, what it has allocated. The second device is at `SOCKET.1`, and so on.

import { allocDevice, registerEmulatedIommuDev, unregisterGroupDev, VfioCore } from '@vfio-ts/core';
import { getHeapStatistics } from 'node:v8';
import { EventLoop, linuxHost, serveDevice } from '../../src/index.ts';
import { RegisterDevice, registerOps } from '../support/register-device.ts';

/** What the server tells. */
export interface Told {
  /** Bytes the heap has given out so far; `undefined` where V8 does not count them. */
  readonly allocated: number | undefined;
}

/** What the server can be asked: to tell, or to tell once garbage is collected. */
export type Asked = 'tell' | 'collect';

const [, , path = '', devices = '1'] = process.argv;
const core = new VfioCore(linuxHost());
const loop = new EventLoop();

function serve(number: number) {
  const device = allocDevice(RegisterDevice, 'vdev', core.parent(`bench${number}`), registerOps);
  const { vdev } = device.device;
  registerEmulatedIommuDev(vdev);
  const server = serveDevice(vdev, { path: number === 0 ? path : `${path}.${number}`, loop });
  return { device, server };
}

const served = Array.from({ length: Number(devices) }, (_, number) => serve(number));

function tell(): void {
  const { total_allocated_bytes: allocated } = getHeapStatistics();
  process.send?.({ allocated } satisfies Told);
}

async function end(): Promise<void> {
  for (const { server } of served) server.close();
  loop.close();
  await Promise.all(served.map(({ device }) => unregisterGroupDev(device.device.vdev)));
  for (const { device } of served) device.put();
}

process.on('message', (asked: Asked) => {
  if (asked === 'collect') globalThis.gc?.();
  tell();
});
process.once('disconnect', () => void end());
tell();
