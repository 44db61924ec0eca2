// The bus of crypto cards. Counterpart of drivers/s390/crypto/ap_bus.c.
//
// Concepts: a card is an adapter, and has a queue for each usage domain of the machine; a scan makes a device of
// each. The bus splits queues between two parties: a queue whose adapter is in `apmask` and whose domain is in
// `aqmask` is for the host's own drivers, every other for the drivers that are not default. A driver registered
// here is offered the queues of its party that have no driver. All of this, callbacks of drivers included, happens
// one thing at a time, and drivers do what is theirs in the same queue of work.

import { VfioError, type VfioCore } from '@vfio-ts/core';
import type { ApDriver } from './ap-driver.ts';
import { attach, checkComplete, detach, named, probe } from './binding.ts';
import type { ApCardDevice } from './card-device.ts';
import type { ApConfigInfo } from './config-info.ts';
import { HostQueueDriver } from './host-driver.ts';
import type { ApMachine, ApMachineChange } from './machine.ts';
import { ApMask } from './mask.ts';
import { storeApmask, storeAqmask } from './masks.ts';
import { adapterOf, domainOf } from './names.ts';
import { PeriodicScan } from './periodic-scan.ts';
import type { ApQueueDevice } from './queue-device.ts';
import { removeAll, scanBus } from './scan.ts';
import { BusState } from './state.ts';
import type { ApUevent } from './uevent.ts';
import { WorkQueue } from './work-queue.ts';

/** How a bus is set up. */
export interface ApBusOptions {
  /** Adapters of the host's own drivers at the start; all when left out. Kernel parameter `ap.apmask`. */
  readonly apmask?: ApMask;
  /** Domains of the host's own drivers at the start; all when left out. Kernel parameter `ap.aqmask`. */
  readonly aqmask?: ApMask;
  /** Scans every `config_time` seconds; without it only when asked. {@link ApBus.close} ends that. */
  readonly periodicScan?: boolean;
  /** Called for each change that udev is told of. */
  readonly uevent?: (event: ApUevent) => void;
}

/** A bus of crypto cards. It has no devices before the first {@link ApBus.scan}. */
export class ApBus {
  readonly core: VfioCore;
  /** @internal */
  readonly state: BusState;
  readonly #work: WorkQueue = new WorkQueue();
  readonly #periodic: PeriodicScan | undefined;

  constructor(core: VfioCore, machine: ApMachine, options: ApBusOptions = {}) {
    this.core = core;
    const { apmask = ApMask.ALL, aqmask = ApMask.ALL } = options;
    this.state = new BusState(core, machine, { apmask, aqmask }, options.uevent);
    this.state.drivers.add(new HostQueueDriver(this.state));
    this.#periodic =
      options.periodicScan === true ? new PeriodicScan(this.state, this.#work) : undefined;
  }

  /** What the machine said at the last scan; at the start what it says then. */
  get config(): ApConfigInfo {
    return this.state.config;
  }

  /** Adapters of the host's own drivers. */
  get apmask(): ApMask {
    return this.state.apmask;
  }

  /** Domains of the host's own drivers. */
  get aqmask(): ApMask {
    return this.state.aqmask;
  }

  /** By number, ascending. */
  get cards(): readonly ApCardDevice[] {
    return this.state.sortedCards;
  }

  /** By APQN, ascending. */
  get queues(): readonly ApQueueDevice[] {
    return this.state.queues;
  }

  /** The registered drivers, the host's own first. */
  get drivers(): readonly ApDriver[] {
    return [...this.state.drivers];
  }

  /** Scans that have ended. */
  get scans(): number {
    return this.state.scans;
  }

  /** The queue of that APQN, if the bus has found it. */
  queue(apqn: number): ApQueueDevice | undefined {
    return this.state.cards.get(adapterOf(apqn))?.byDomain.get(domainOf(apqn));
  }

  /** Type of the card that is plugged in as an adapter, be it found yet or not. */
  adapterType(adapter: number): number | undefined {
    return this.state.machine.cards.get(adapter)?.info.hwtype;
  }

  /**
   * Does `work` when the bus does nothing else; at once, before this returns, when it is idle. Callbacks of drivers
   * are called inside such work already.
   */
  exclusive<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#work.run(work);
  }

  /** Whether the masks leave a queue to the host's own drivers. Counterpart of `ap_owned_by_def_drv()`. */
  ownedByDefDrv(adapter: number, domain: number): boolean {
    return this.state.ownedByDefDrv(adapter, domain);
  }

  /**
   * Whether any queue of the cross product is left to the host's own drivers. Counterpart of
   * `ap_apqn_in_matrix_owned_by_def_drv()`.
   */
  apqnInMatrixOwnedByDefDrv(adapters: ApMask, domains: ApMask): boolean {
    const { apmask, aqmask } = this.state;
    return !adapters.and(apmask).isEmpty && !domains.and(aqmask).isEmpty;
  }

  /**
   * Adds a driver and offers it the queues without one. Counterpart of `ap_driver_register()`.
   *
   * @throws `EBUSY` there is one of that name
   */
  registerDriver(driver: ApDriver): Promise<void> {
    return this.exclusive(async () => {
      const { drivers } = this.state;
      if (this.drivers.some(({ name }) => name === driver.name)) {
        throw new VfioError('EBUSY', 'registerDriver', `there is a driver ${driver.name}`);
      }
      drivers.add(driver);
      for (const queue of this.state.queues) {
        // oxlint-disable-next-line no-await-in-loop
        await attach(this.state, queue, [driver]);
      }
      checkComplete(this.state);
    });
  }

  /**
   * Opposite of {@link ApBus.registerDriver}: its queues are without a driver then.
   *
   * @throws `ENODEV` it is not registered
   */
  unregisterDriver(driver: ApDriver): Promise<void> {
    return this.exclusive(async () => {
      if (!this.state.drivers.delete(driver)) {
        throw new VfioError('ENODEV', 'unregisterDriver', `${driver.name} is not registered`);
      }
      for (const queue of this.state.queues) {
        // oxlint-disable-next-line no-await-in-loop
        if (queue.bound === driver) await detach(this.state, queue);
      }
    });
  }

  /**
   * Binds a queue by hand, as writing to a driver's `bind` does.
   *
   * @param driver - name of the driver
   * @param queue - `aa.dddd`
   * @throws `ENODEV` no such queue or driver, or the queue is not for it; `EBUSY` the queue has a driver; what the
   * probe throws
   */
  bind(driver: string, queue: string): Promise<void> {
    return this.exclusive(async () => {
      const found = named(this.state, 'bind', driver, queue);
      if (found.queue.bound !== undefined) {
        throw new VfioError('EBUSY', 'bind', `${queue} has a driver`);
      }
      await probe(this.state, found.driver, found.queue);
      checkComplete(this.state);
    });
  }

  /**
   * Takes a queue away from its driver by hand; it stays without one. Opposite of {@link ApBus.bind}.
   *
   * @throws `ENODEV` no such queue or driver, or it is not bound to it
   */
  unbind(driver: string, queue: string): Promise<void> {
    return this.exclusive(async () => {
      const found = named(this.state, 'unbind', driver, queue);
      if (found.queue.bound !== found.driver) {
        throw new VfioError('ENODEV', 'unbind', `${queue} is not bound to ${driver}`);
      }
      await detach(this.state, found.queue);
    });
  }

  /**
   * Gives other adapters to the host's own drivers, as writing `apmask` does; queues follow.
   *
   * @param text - a mask in hexadecimal, or terms as `+5`, `-0x10-0x1f`
   * @throws `EINVAL`; `EBUSY` a driver uses a queue that the host would get. Nothing changes then.
   */
  storeApmask(text: string): Promise<void> {
    return this.exclusive(() => storeApmask(this.state, text));
  }

  /** As {@link ApBus.storeApmask}, for domains. */
  storeAqmask(text: string): Promise<void> {
    return this.exclusive(() => storeAqmask(this.state, text));
  }

  /** Looks at the machine again. */
  scan(): Promise<void> {
    return this.exclusive(() => scanBus(this.state));
  }

  /** Changes the machine, as its operator does, and scans. */
  configure(change: ApMachineChange): Promise<void> {
    return this.exclusive(async () => {
      const { config, cards } = this.state.machine;
      this.state.machine = {
        config: { ...config, ...change.config },
        cards: change.cards ?? cards,
      };
      await scanBus(this.state);
    });
  }

  /** Removes all devices; the drivers stay registered, and the cards are their maker's. */
  close(): Promise<void> {
    this.#periodic?.stop();
    return this.exclusive(() => removeAll(this.state));
  }
}
