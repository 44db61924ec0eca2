import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  ApBus,
  apConfigInfo,
  ApMask,
  registerVfioAp,
  SoftCard,
  unregisterVfioAp,
  WorkerPool,
} from '@vfio-ts/ap';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';

const path = process.argv[2] ?? '/tmp/ap.sock';
const loop = new EventLoop();
const core = new VfioCore(linuxHost({ clock: loop.clock }));

// A machine with an accelerator, a coprocessor and two domains, none of it for the host itself.
await using runner = new WorkerPool(2);
const cards = new Map([
  [5, new SoftCard({ mode: 'accelerator', runner })],
  [6, new SoftCard({ mode: 'cca', runner })],
]);
const domains = ApMask.of(4, 0xab);
const adapters = ApMask.of(5, 6);
const config = apConfigInfo({ adapters, usageDomains: domains, controlDomains: domains });
const machine = new ApBus(core, { cards, config });
await machine.scan();
await machine.storeApmask('-5,-6');

// A guest's share of it.
const bus = new MdevBus(core);
const parent = await registerVfioAp(bus, machine, { instructionPort: true });
const mdev = await parent.create('vfio_ap-passthrough', randomUUID());
await mdev.store('', 'assign_adapter', '5');
await mdev.store('', 'assign_adapter', '6');
await mdev.store('', 'assign_domain', '4');
await mdev.store('', 'assign_control_domain', '4');

const server = serveDevice(mdev.instance.device.vdev, { path, loop });
console.log(`${mdev.show('', 'guest_matrix').trim().split('\n').join(' and ')} are on ${path}`);

await once(process, 'SIGINT');
// Queues are zeroised before it ends; timers of a core do not keep a process alive.
const alive = setInterval(() => undefined, 1000);
server.close();
await unregisterVfioAp(bus, parent);
await machine.close();
for (const card of cards.values()) card.close();
clearInterval(alive);
