// Devices with one register each, served as any device is. `node server.ts SOCKET [DEVICES]`, under a parent that it
// tells when it is ready and, when asked, how its heap is. The second device is at `SOCKET.1`, and so on.

import { allocDevice, registerEmulatedIommuDev, unregisterGroupDev, VfioCore } from '@vfio-ts/core';
import { performance } from 'node:perf_hooks';
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { EventLoop, linuxHost, serveDevice } from '../../src/index.ts';
import { RegisterDevice, registerOps } from '../support/register-device.ts';

/** What the server tells. */
export interface Told {
  /** Bytes of its heap that are in use, garbage included. */
  readonly used: number;
  /** How often garbage was collected. */
  readonly collections: number;
  /** How often Node had a turn. */
  readonly turns: number;
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

const collector = new GCProfiler();
let collections = 0;

function tell(): void {
  collections += collector.stop()?.statistics.length ?? 0;
  collector.start();
  const { used_heap_size: used } = getHeapStatistics();
  const { loopCount: turns } = performance.nodeTiming.uvMetricsInfo;
  process.send?.({ used, collections, turns } satisfies Told);
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
