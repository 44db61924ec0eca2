// What an administrator has: a machine with cards, the AP bus, the mdev bus, and the files of its devices.

import { InProcessSession, type InProcessSignal } from '@vfio-ts/conformance';
import { ManualClock, RecordingLogger, TrackedMemory } from '@vfio-ts/conformance/fakes';
import {
  deviceGroup,
  MdevBus,
  MdevSysfs,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VfioCore,
  type DeviceFile,
  type ErrnoCode,
  type VfioDevice,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import {
  ApBus,
  apConfigInfo,
  ApMask,
  apqnName,
  registerVfioAp,
  unregisterVfioAp,
  VFIO_AP_CFG_CHG_IRQ_INDEX,
  VFIO_AP_REQ_IRQ_INDEX,
  type ApCardInfo,
  type ApConfigInfo,
  type ApMatrixMdev,
  type ApMatrixOptions,
  type ApParent,
} from '../../src/index.ts';
import { EagerClock } from './eager-clock.ts';
import { ScriptedCard, type ScriptedQueue } from './scripted-card.ts';

/** What a test's machine is like. */
export interface MachineOptions extends ApMatrixOptions {
  readonly adapters?: readonly number[];
  readonly domains?: readonly number[];
  readonly apmask?: string;
  readonly aqmask?: string;
  readonly config?: Partial<ApConfigInfo>;
  readonly info?: Partial<ApCardInfo>;
}

/** The masks of the three-guest example. */
export const EXAMPLE: MachineOptions = {
  adapters: [5, 6],
  domains: [4, 0x47, 0xab, 0xff],
  apmask: '-5,-6',
  aqmask: '-4,-0x47,-0xab,-0xff',
};

/** A guest: an open device, and signals on both of its interrupts. */
export class Guest {
  readonly session: InProcessSession;
  readonly request: InProcessSignal;
  readonly configChange: InProcessSignal;

  constructor(vdev: VfioDevice) {
    this.session = new InProcessSession(vdev);
    this.request = this.assign(VFIO_AP_REQ_IRQ_INDEX);
    this.configChange = this.assign(VFIO_AP_CFG_CHG_IRQ_INDEX);
  }

  get file(): DeviceFile {
    return this.session.access;
  }

  /** How often it was told of a change. */
  get changes(): number {
    return this.configChange.count();
  }

  assign(index: number): InProcessSignal {
    const signal = this.session.signal();
    const flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
    this.file.setIrqs({ flags, index, start: 0, count: 1, signals: [signal] });
    return signal;
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

/** A machine with the driver registered. */
export class Administrator implements AsyncDisposable {
  readonly clock: ManualClock = new ManualClock();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly core: VfioCore;
  readonly bus: MdevBus;
  readonly sysfs: MdevSysfs;
  readonly ap: ApBus;
  readonly cards: Map<number, ScriptedCard>;
  readonly parent: ApParent;
  readonly #guests: Guest[] = [];

  private constructor(parts: {
    readonly clock: ManualClock;
    readonly logger: RecordingLogger;
    readonly bus: MdevBus;
    readonly ap: ApBus;
    readonly cards: Map<number, ScriptedCard>;
    readonly parent: ApParent;
  }) {
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.bus = parts.bus;
    this.core = parts.bus.core;
    this.sysfs = new MdevSysfs(parts.bus);
    this.ap = parts.ap;
    this.cards = parts.cards;
    this.parent = parts.parent;
  }

  /** Plugs the cards in, finds them, sets the masks and registers the driver; waits take no time if not told. */
  static async of(options: MachineOptions = EXAMPLE): Promise<Administrator> {
    const { adapters = [], domains = [], config = {}, info = {}, apmask, aqmask } = options;
    const { clock: waiting = new EagerClock(), ...rest } = options;
    const clock = new ManualClock();
    const logger = new RecordingLogger();
    const core = new VfioCore({ clock, logger, memory: new TrackedMemory() }, { trace: true });
    const cards = new Map(
      adapters.map((adapter) => [adapter, new ScriptedCard(waiting, domains, info)]),
    );
    const machine = {
      cards,
      config: apConfigInfo({
        adapters: ApMask.of(...adapters),
        usageDomains: ApMask.of(...domains),
        controlDomains: ApMask.of(...domains),
        ...config,
      }),
    };
    const ap = new ApBus(core, machine);
    await ap.scan();
    if (apmask !== undefined) await ap.storeApmask(apmask);
    if (aqmask !== undefined) await ap.storeAqmask(aqmask);
    const bus = new MdevBus(core);
    const parent = await registerVfioAp(bus, ap, { ...rest, clock: waiting });
    const administrator = new Administrator({ clock, logger, bus, ap, cards, parent });
    administrator.takeHistory();
    return administrator;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // After a test that failed a guest may be left, and the driver would wait for it.
    await Promise.all(this.#guests.map((guest) => guest.close()));
    await unregisterVfioAp(this.bus, this.parent);
    await this.ap.close();
    expectNothingLeft(this);
  }

  /** Creates the n-th device. */
  async create(n: number = 1): Promise<void> {
    const type = 'matrix/mdev_supported_types/vfio_ap-passthrough/create';
    await this.sysfs.write(type, uuid(n));
  }

  /** Creates the n-th device with these writes. */
  async createWith(n: number, ...writes: readonly (readonly [string, string])[]): Promise<void> {
    await this.create(n);
    // An administrator writes one file after the other.
    // oxlint-disable-next-line no-await-in-loop
    for (const [attribute, text] of writes) await this.write(n, attribute, text);
  }

  async write(n: number, attribute: string, text: string): Promise<void> {
    await this.sysfs.write(`matrix/${uuid(n)}/${attribute}`, text);
  }

  read(n: number, attribute: string): string {
    return this.sysfs.read(`matrix/${uuid(n)}/${attribute}`);
  }

  /** The lines of a file. */
  lines(n: number, attribute: string): string[] {
    return this.read(n, attribute).split('\n').slice(0, -1);
  }

  /** The device itself. */
  mdev(n: number): ApMatrixMdev {
    const found = this.parent.devices.find(({ name }) => name === uuid(n));
    if (found === undefined) throw new Error(`there is no device ${n}`);
    return found.instance.device;
  }

  remove(n: number): Promise<number> {
    return this.sysfs.write(`matrix/${uuid(n)}/remove`, '1');
  }

  /** Opens the n-th device; closed at the end at the latest. */
  open(n: number): Guest {
    const guest = new Guest(this.mdev(n).vdev);
    this.#guests.push(guest);
    return guest;
  }

  /** Whether the n-th device's group can be opened. */
  isFree(n: number): boolean {
    return !deviceGroup(this.mdev(n).vdev).isOpen;
  }

  queue(adapter: number, domain: number): ScriptedQueue {
    const queue = this.cards.get(adapter)?.queue(domain);
    if (queue === undefined) throw new Error('there is no such queue');
    return queue;
  }

  /** Names of the queues that were zeroised since the last call. */
  zeroized(): string[] {
    return this.takeHistory()
      .filter(([, history]) => history.some((entry) => entry.startsWith('zapq')))
      .map(([name]) => name);
  }

  takeHistory(): [string, string[]][] {
    return [...this.cards].flatMap(([adapter, { queues }]) =>
      Array.from(queues, ([domain, queue]): [string, string[]] => [
        apqnName((adapter << 8) | domain),
        queue.take(),
      ]),
    );
  }
}

/** No object of the core, and no error in the log. */
export function expectNothingLeft({ core, logger }: Pick<Administrator, 'core' | 'logger'>): void {
  expect(core.leaks()).toEqual([]);
  expect(logger.at('error')).toEqual([]);
}

/** The n-th UUID. */
export function uuid(n: number): string {
  return `83b8f4f2-509f-382f-3c1e-${n.toString(16).padStart(12, '0')}`;
}

/** What an error of that code has. */
export function errno(code: ErrnoCode): unknown {
  return expect.objectContaining({ code });
}

/** Lets time pass until a promise settles. */
export async function passing<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const state = { done: false };
  const note = (): void => void (state.done = true);
  promise.then(note, note);
  while (!state.done) {
    // Promises settle between two looks.
    // oxlint-disable-next-line no-await-in-loop
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    if (!state.done) clock.advance(20);
  }
  return promise;
}
