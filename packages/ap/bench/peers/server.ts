// Cards behind a device, served as any device is. `node server.ts SOCKET THREADS`, under a parent that it tells when
// clients can connect. The parent says 'watch' when a round begins, and 'tell' when it wants to know for how long the
// loop was held up in it.

import { MdevBus, MdevSysfs, VfioCore } from '@vfio-ts/core';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';
import {
  ApBus,
  apConfigInfo,
  ApMask,
  registerVfioAp,
  SoftCard,
  unregisterVfioAp,
  WorkerPool,
} from '../../src/index.ts';
import type { Asked } from '../support/peers.ts';
import { watchDelay, type HeldUp } from './delay.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
const ADAPTERS = [5, 6];
const DOMAINS = [4, 5, 6, 7];

const [, , path = '', threads = '1'] = process.argv;
const core = new VfioCore(linuxHost());
const loop = new EventLoop();
const pool = new WorkerPool(Number(threads));

const cards = new Map(
  ADAPTERS.map((adapter) => [adapter, new SoftCard({ mode: 'accelerator', runner: pool })]),
);
const config = apConfigInfo({
  adapters: ApMask.of(...ADAPTERS),
  usageDomains: ApMask.of(...DOMAINS),
  controlDomains: ApMask.of(...DOMAINS),
});
const ap = new ApBus(core, { cards, config });
await ap.scan();
await ap.storeApmask('0x0');
const mdevBus = new MdevBus(core);
const parent = await registerVfioAp(mdevBus, ap, { instructionPort: true });
const sysfs = new MdevSysfs(mdevBus);
await sysfs.write('matrix/mdev_supported_types/vfio_ap-passthrough/create', UUID);
/* oxlint-disable no-await-in-loop -- one file after the other */
for (const domain of DOMAINS) await sysfs.write(`matrix/${UUID}/assign_domain`, `${domain}`);
for (const adapter of ADAPTERS) await sysfs.write(`matrix/${UUID}/assign_adapter`, `${adapter}`);
const [mdev] = parent.devices;
if (mdev === undefined) throw new Error('there is no device');
const server = serveDevice(mdev.instance.device.vdev, { path, loop });

let endWatch: (() => HeldUp) | undefined;

function asked(what: Asked): void {
  if (what === 'watch') endWatch = watchDelay();
  else if (endWatch !== undefined) process.send?.(endWatch());
}

async function end(): Promise<void> {
  server.close();
  loop.close();
  await unregisterVfioAp(mdevBus, parent);
  await ap.close();
  await pool.close();
}

process.on('message', asked);
process.once('disconnect', () => void end());
process.send?.('ready');
