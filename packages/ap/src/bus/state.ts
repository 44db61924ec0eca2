// What the parts of one AP bus share.

import { VfioError, type VfioCore } from '@vfio-ts/core';
import type { ApDriver } from './ap-driver.ts';
import type { BusCard } from './card-device.ts';
import type { ApConfigInfo } from './config-info.ts';
import type { ApMachine } from './machine.ts';
import type { ApMask } from './mask.ts';
import type { BusQueue } from './bus-queue.ts';
import type { ApQueueDevice } from './queue-device.ts';
import type { ApUevent } from './uevent.ts';

/** Name of the bus in the log. @internal */
export const COMPONENT = 'ap';

/** What one bus knows. @internal */
export class BusState {
  readonly core: VfioCore;
  /** What the hardware is. */
  machine: ApMachine;
  /** What the bus has last seen of the machine. Counterpart of `ap_qci_info`. */
  config: ApConfigInfo;
  /** Adapters of the host's own drivers. */
  apmask: ApMask;
  /** Domains of the host's own drivers. */
  aqmask: ApMask;
  /** By adapter. */
  readonly cards: Map<number, BusCard> = new Map();
  /** In the order of their registration. */
  readonly drivers: Set<ApDriver> = new Set();
  /** Scans that have ended. */
  scans = 0;
  /** The domain for requests that name none; -1 while there is none. */
  domain = -1;
  /** Seconds from one scan to the next. */
  configTime = 30;
  /** Called when the time has changed. */
  onConfigTime: (() => void) | undefined = undefined;
  /** Whether a kernel thread would ask for replies. */
  pollThread = false;
  /** Nanoseconds between two looks for a reply. */
  pollTimeout = 250_000;
  /** All queues of the first scan have been bound at some time. */
  wasComplete = false;
  readonly #listener: ((event: ApUevent) => void) | undefined;

  constructor(
    core: VfioCore,
    machine: ApMachine,
    masks: { readonly apmask: ApMask; readonly aqmask: ApMask },
    listener: ((event: ApUevent) => void) | undefined,
  ) {
    this.core = core;
    this.machine = machine;
    this.config = machine.config;
    this.apmask = masks.apmask;
    this.aqmask = masks.aqmask;
    this.#listener = listener;
  }

  /** Cards by adapter, ascending. */
  get sortedCards(): readonly BusCard[] {
    return [...this.cards.values()].toSorted((a, b) => a.adapter - b.adapter);
  }

  /** All queues by APQN, ascending. */
  get queues(): readonly BusQueue[] {
    return this.sortedCards.flatMap((card) => card.queues);
  }

  /**
   * A queue as the bus sees it.
   *
   * @throws `ENODEV` it has been removed
   */
  busQueue({ adapter, domain, name }: ApQueueDevice): BusQueue {
    const queue = this.cards.get(adapter)?.byDomain.get(domain);
    if (queue === undefined) throw new VfioError('ENODEV', 'queue', `${name} is gone`);
    return queue;
  }

  /** Whether the masks leave a queue to the host's own drivers. Counterpart of `ap_owned_by_def_drv()`. */
  ownedByDefDrv(adapter: number, domain: number): boolean {
    return this.apmask.has(adapter) && this.aqmask.has(domain);
  }

  log(level: 'debug' | 'info' | 'warn', message: () => string, error?: unknown): void {
    this.core.logger.log(level, COMPONENT, message, error);
  }

  /** Tells the listener; a listener that throws changes nothing. Counterpart of `kobject_uevent_env()`. */
  uevent(action: ApUevent['action'], device: string, env: ApUevent['env'] = {}): void {
    try {
      this.#listener?.({ action, device, env });
    } catch (error) {
      this.log('warn', () => 'the uevent listener threw', error);
    }
  }
}
