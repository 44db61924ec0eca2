// A machine with software cards, the driver with its instruction port, and guests that are clients.

import { InProcessSession, type Session } from '@vfio-ts/conformance';
import { ManualClock, RecordingLogger, TrackedMemory } from '@vfio-ts/conformance/fakes';
import {
  MdevBus,
  MdevSysfs,
  VfioCore,
  type Clock,
  type MakeSignal,
  type MemoryBackend,
  type VfioAccess,
} from '@vfio-ts/core';
import { ApClient, type ApClientOptions } from '../../../src/client/index.ts';
import {
  ApBus,
  apConfigInfo,
  ApMask,
  registerVfioAp,
  SoftCard,
  unregisterVfioAp,
  type ApParent,
  type JobRunner,
  type SoftCardOptions,
} from '../../../src/index.ts';
import { expectNothingLeft } from '../../support/administrator.ts';
import { EagerClock } from '../../support/eager-clock.ts';

/** What a machine has. */
export interface MachineOptions {
  readonly runner: JobRunner;
  /** By adapter number. */
  readonly cards: Readonly<Record<number, Partial<SoftCardOptions>>>;
  readonly domains: readonly number[];
}

/** One guest and how it uses the device. */
export interface Guest {
  readonly session: Session;
  readonly client: ApClient;
}

/** How guests reach devices. */
export interface Way {
  readonly name: string;
  /** Of the devices' memory. */
  readonly deviceMemory: MemoryBackend;
  connect(vdev: ConstructorParameters<typeof InProcessSession>[0]): Promise<Session> | Session;
  readonly guestMemory: MemoryBackend;
  readonly makeSignal: MakeSignal;
}

/** A signal within the process. */
export const directSignal: MakeSignal = (fire) => {
  let isOpen = true;
  return {
    signal: {
      // As an eventfd does: whoever signals does not wait for what follows.
      signal: () => queueMicrotask(() => isOpen && fire()),
      close: () => undefined,
    },
    close: () => void (isOpen = false),
  };
};

/** In this process. */
export function inThisProcess(): Way {
  return {
    name: 'in process',
    deviceMemory: new TrackedMemory(),
    connect: (vdev) => new InProcessSession(vdev),
    guestMemory: new TrackedMemory(),
    makeSignal: directSignal,
  };
}

/** The machine. Waits of the driver take no time. */
export class Machine implements AsyncDisposable {
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly core: VfioCore;
  readonly ap: ApBus;
  readonly cards: ReadonlyMap<number, SoftCard>;
  readonly #bus: MdevBus;
  readonly #sysfs: MdevSysfs;
  readonly #parent: ApParent;
  readonly #clients: ApClient[] = [];
  readonly #sessions = new Set<Session>();
  readonly #way: Way;

  private constructor(parts: {
    readonly way: Way;
    readonly logger: RecordingLogger;
    readonly bus: MdevBus;
    readonly ap: ApBus;
    readonly cards: ReadonlyMap<number, SoftCard>;
    readonly parent: ApParent;
  }) {
    this.logger = parts.logger;
    this.core = parts.bus.core;
    this.ap = parts.ap;
    this.cards = parts.cards;
    this.#bus = parts.bus;
    this.#sysfs = new MdevSysfs(parts.bus);
    this.#parent = parts.parent;
    this.#way = parts.way;
  }

  /** Plugs cards in and leaves all queues to the driver. */
  static async of(
    { runner, cards: wanted, domains }: MachineOptions,
    way: Way = inThisProcess(),
  ): Promise<Machine> {
    const logger = new RecordingLogger();
    const clock = new EagerClock();
    const host = { clock: new ManualClock(), logger, memory: way.deviceMemory };
    const core = new VfioCore(host, { trace: true });
    const cards = new Map(
      Object.entries(wanted).map(([adapter, options]): [number, SoftCard] => [
        Number(adapter),
        new SoftCard({ mode: 'accelerator', runner, ...options }),
      ]),
    );
    const config = apConfigInfo({
      adapters: ApMask.of(...cards.keys()),
      usageDomains: ApMask.of(...domains),
      controlDomains: ApMask.of(...domains),
    });
    const ap = new ApBus(core, { cards, config });
    await ap.scan();
    await ap.storeApmask('0x0');
    const bus = new MdevBus(core);
    const parent = await registerVfioAp(bus, ap, { instructionPort: true, clock });
    return new Machine({ way, logger, bus, ap, cards, parent });
  }

  /** Creates the n-th device with these adapters and domains. */
  async create(n: number, adapters: readonly number[], domains: readonly number[]): Promise<void> {
    await this.#sysfs.write('matrix/mdev_supported_types/vfio_ap-passthrough/create', uuid(n));
    for (const adapter of adapters) {
      // oxlint-disable-next-line no-await-in-loop -- one file after the other
      await this.write(n, 'assign_adapter', adapter);
    }
    for (const domain of domains) {
      // oxlint-disable-next-line no-await-in-loop
      await this.write(n, 'assign_domain', domain);
    }
  }

  async write(n: number, attribute: string, value: number): Promise<void> {
    await this.#sysfs.write(`matrix/${uuid(n)}/${attribute}`, `${value}`);
  }

  /** Settles once nobody uses it. */
  async remove(n: number): Promise<void> {
    await this.#sysfs.write(`matrix/${uuid(n)}/remove`, '1');
  }

  /** Connects to the n-th device without using it; closed at the end at the latest. */
  async connect(n: number): Promise<Session> {
    const found = this.#parent.devices.find(({ name }) => name === uuid(n));
    if (found === undefined) throw new Error(`there is no device ${n}`);
    const session = await this.#way.connect(found.instance.device.vdev);
    this.#sessions.add(session);
    return session;
  }

  /** A client of the n-th device, closed at the end. It is told of replies unless the options say otherwise. */
  async open(n: number, clock: Clock, options: Partial<ApClientOptions> = {}): Promise<Guest> {
    const { guestMemory: memory, makeSignal } = this.#way;
    const session = await this.connect(n);
    const access: VfioAccess = session.access;
    const client = await ApClient.open(access, { memory, clock, makeSignal, ...options });
    this.#clients.push(client);
    return { session, client };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all([...this.#sessions].map((session) => session.close()));
    await unregisterVfioAp(this.#bus, this.#parent);
    await this.ap.close();
    for (const card of this.cards.values()) card.close();
    expectNothingLeft(this);
  }
}

function uuid(n: number): string {
  return `83b8f4f2-509f-382f-3c1e-${n.toString(16).padStart(12, '0')}`;
}
