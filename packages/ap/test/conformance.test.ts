import {
  conformance,
  refused,
  supportsNothing,
  type DeviceHarness,
  type DmaHooks,
} from '@vfio-ts/conformance';
import {
  allocDevice,
  dmaRw,
  PAGE_SIZE,
  pinPages,
  triggerIrq,
  unpinPages,
  VFIO_DEVICE_FLAGS_AP,
  VFIO_DEVICE_FLAGS_RESET,
  type VfioCore,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { overTheWire } from '@vfio-ts/vfio-user/testing';
import { expect } from 'vitest';
import {
  AP_RESPONSE,
  ApBus,
  apConfigInfo,
  ApMask,
  ApMatrixDev,
  ApMatrixMdev,
  registerVfioAp,
  VfioApQueue,
  vfioApOps,
} from '../src/index.ts';
import { apqnName, apqnOf } from '../src/bus/names.ts';
import { EagerClock } from './support/eager-clock.ts';
import { ScriptedCard, ScriptedQueue } from './support/scripted-card.ts';

const ADAPTER = 5;
const DOMAINS = [4, 0x47];
const MASKS = {
  adapters: ApMask.of(ADAPTER),
  domains: ApMask.of(...DOMAINS),
  controlDomains: ApMask.of(4),
};

const instances = 65_536;

function machine(core: VfioCore): { readonly bus: ApBus; readonly card: ScriptedCard } {
  const card = new ScriptedCard(core.clock, DOMAINS);
  const { adapters, domains: usageDomains, controlDomains } = MASKS;
  const config = apConfigInfo({ adapters, usageDomains, controlDomains });
  const bus = new ApBus(core, { config, cards: new Map([[ADAPTER, card]]) });
  return { bus, card };
}

/** A bound queue over a scripted one. */
function queueOf(apqn: number, hardware: ScriptedQueue): VfioApQueue {
  const number = { apqn, adapter: apqn >> 8, domain: apqn & 0xff, name: apqnName(apqn) };
  return new VfioApQueue({
    ...number,
    card: new ScriptedCard(hardware.clock, []).info,
    hardware,
    driver: 'vfio_ap',
  });
}

/** A queue for each page, whose byte is in it: what the driver does to those is what the suite sees of pins. */
const dma: DmaHooks<ApMatrixMdev> = {
  read: ({ vdev }, iova, into) => dmaRw(vdev, iova, into, false),
  write: ({ vdev }, iova, from) => dmaRw(vdev, iova, from, true),
  pin({ vdev, queues }, iova, npage, prot) {
    const views = pinPages(vdev, iova, npage, prot);
    for (let page = 0; page < npage; page++) {
      const queue = queueOf(0x600 + queues.size, new ScriptedQueue(vdev.core.clock));
      const address = iova + page * PAGE_SIZE;
      const unpin = (): void => unpinPages(vdev, address, 1);
      queue.interrupt = { iova: address, isc: 0, unpin };
      queues.set(queue.device.apqn, queue);
    }
    return views;
  },
  unpin({ vdev, queues }, iova, npage) {
    for (let page = 0; page < npage; page++) {
      const address = iova + page * PAGE_SIZE;
      const held = [...queues.values()].find(({ interrupt }) => interrupt?.iova === address);
      if (held === undefined) unpinPages(vdev, address, 1);
      held?.freeInterrupt();
    }
  },
};

/** A device with two queues, as an administrator leaves it. */
function create(
  core: VfioCore,
  parent: Parameters<typeof allocDevice>[2],
  ops: VfioDeviceOps<ApMatrixMdev>,
  instructionPort: boolean,
): ReturnType<DeviceHarness<ApMatrixMdev>['create']> {
  const { bus, card } = machine(core);
  const dev = new ApMatrixDev(bus, { clock: new EagerClock(), instructionPort });
  const ref = allocDevice(ApMatrixMdev, 'vdev', parent, ops, dev);
  ref.device.matrix = MASKS;
  ref.device.shadow = MASKS;
  for (const [domain, hardware] of card.queues) {
    const queue = queueOf(apqnOf(ADAPTER, domain), hardware);
    ref.device.queues.set(queue.device.apqn, queue);
  }
  return ref;
}

function harness(name: string, instructionPort: boolean): DeviceHarness<ApMatrixMdev> {
  return {
    name,
    supports: {
      ...supportsNothing,
      reset: true,
      irqs: true,
      dma: true,
      iommufd: true,
      request: true,
    },
    ops: vfioApOps,
    create: (host, ops) => create(host.core, host.parent('matrix'), ops, instructionPort),
    vdev: ({ vdev }) => vdev,
    signalsOnly: true,
    triggerIrq: ({ vdev }, index, subindex) => triggerIrq(vdev, index, subindex),
    dma,
    mutate({ queues }) {
      for (const { device } of queues.values()) {
        device.hardware.enqueue({ psmid: 1n, bytes: Uint8Array.of(1) });
        device.hardware.setInterrupt(() => undefined);
      }
    },
    snapshot: ({ queues }) =>
      Uint8Array.from(
        [...queues.values()].flatMap(({ device }) => {
          const { queueEmpty, irqEnabled } = device.hardware.test();
          return [Number(queueEmpty), Number(irqEnabled)];
        }),
      ),
    additional({ test }) {
      test('it says that it is an ap device, with a reset and the interrupts of one', async (t) => {
        const { access } = await t.open();
        const { flags, numRegions, numIrqs } = await access.getInfo();
        expect(flags).toBe(VFIO_DEVICE_FLAGS_AP | VFIO_DEVICE_FLAGS_RESET);
        expect([numRegions, numIrqs]).toEqual(instructionPort ? [1, 3] : [0, 2]);
      });

      test('a reset of a queue whose card is gone is EIO', async (t) => {
        const { access, device } = await t.open();
        const [queue] = device.queues.values();
        const { hardware } = queue?.device ?? {};
        if (hardware instanceof ScriptedQueue) hardware.script.zapq.push(AP_RESPONSE.DECONFIGURED);
        await refused('EIO', () => access.reset());
        await access.reset();
      });
    },
    mdev: {
      register(bus) {
        void registerVfioAp(bus, machine(bus.core).bus, {
          clock: new EagerClock(),
          instructionPort,
        });
      },
      directories: {
        'vfio_ap-passthrough': {
          name: 'VFIO AP Passthrough Device',
          deviceApi: 'vfio-ap',
          availableInstances: instances,
          attributes: {
            matrix: '',
            guest_matrix: '',
            control_domains: '',
            ap_config: `${Array.from({ length: 3 }, () => `0x${'0'.repeat(64)}`).join(',')}\n`,
          },
        },
      },
    },
  };
}

for (const [name, hasPort] of [
  ['ap', false],
  ['ap with its instruction port', true],
] as const) {
  conformance(harness(name, hasPort));
  conformance(overTheWire(harness(name, hasPort)));
}
