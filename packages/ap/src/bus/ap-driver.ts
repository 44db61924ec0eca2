// What a driver of AP queues gives to the bus. Counterpart of struct ap_driver (drivers/s390/crypto/ap_bus.h).

import type { ApAttributes } from './attribute.ts';
import type { ApConfigInfo } from './config-info.ts';
import type { ApMask } from './mask.ts';
import type { ApQueueDevice } from './queue-device.ts';

/**
 * A driver of AP queues. The bus calls one callback at a time, and waits for those that take time; a callback that
 * waits for work of the bus waits for itself.
 */
export interface ApDriver {
  /** Shown as the queue's `driver` link. */
  readonly name: string;
  /** Takes the queues that `apmask` and `aqmask` leave to the host's own drivers; the others do not. */
  readonly isDefault: boolean;
  /** The adapter types it takes. */
  readonly hwtypes: readonly number[];
  /** Files of each queue while it is bound to the driver. */
  readonly queueAttributes?: ApAttributes<ApQueueDevice>;
  /** A queue is bound to the driver. When it throws, the queue stays without one. */
  probe(queue: ApQueueDevice): Promise<void> | void;
  /** Opposite of {@link ApDriver.probe}; cannot fail. The bus zeroizes the queue afterwards. */
  remove(queue: ApQueueDevice): Promise<void> | void;
  /**
   * The host's own drivers are about to get these queues. Throws `EADDRINUSE` where one is in use; nothing
   * changes then.
   */
  inUse?(adapters: ApMask, domains: ApMask): void;
  /** The machine's configuration has changed; devices still are as they were. */
  onConfigChanged?(now: ApConfigInfo, before: ApConfigInfo): Promise<void> | void;
  /** Devices follow the configuration now. */
  onScanComplete?(now: ApConfigInfo, before: ApConfigInfo): Promise<void> | void;
}
