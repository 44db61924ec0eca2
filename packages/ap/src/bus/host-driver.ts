// Stand-in for the host's own drivers: it takes queues and keeps whether they are online, and sends them no request.
// Counterpart of zcrypt_cex4.c and zcrypt_queue.c.

import { VfioError } from '@vfio-ts/core';
import type { ApDriver } from './ap-driver.ts';
import type { BusState } from './state.ts';
import { parseSwitch } from './switch.ts';
import { queuePath } from './paths.ts';
import type { BusQueue } from './bus-queue.ts';
import type { ApQueueDevice } from './queue-device.ts';

/** CEX4 to CEX8. */
export const HOST_HWTYPES: readonly number[] = [10, 11, 12, 13, 14];

/** The driver of the queues that the masks leave to the host. @internal */
export class HostQueueDriver implements ApDriver {
  readonly name = 'cex4queue';
  readonly isDefault = true;
  readonly hwtypes: readonly number[] = HOST_HWTYPES;
  readonly queueAttributes: NonNullable<ApDriver['queueAttributes']> = {
    online: {
      show: (queue) => `${this.isOnline(queue) ? 1 : 0}\n`,
      store: (queue, text) => this.#storeOnline(queue, text),
    },
    load: { show: () => '0\n' },
  };
  readonly #state: BusState;
  /** Queues that are bound, and whether the administrator wants them. */
  readonly #online: Map<number, boolean> = new Map();

  constructor(state: BusState) {
    this.#state = state;
  }

  probe(queue: ApQueueDevice): void {
    queue.hardware.reset();
    this.#online.set(queue.apqn, true);
  }

  remove(queue: ApQueueDevice): void {
    this.#online.delete(queue.apqn);
  }

  isOnline(queue: ApQueueDevice): boolean {
    const isConfigured = this.#deviceOf(queue)?.isConfigured === true;
    return isConfigured && this.#online.get(queue.apqn) === true;
  }

  /** A card has been set online or offline: its queues follow. */
  force(queues: readonly BusQueue[], isOnline: boolean): void {
    for (const queue of queues) {
      const before = this.#online.get(queue.apqn);
      if (before === undefined || before === isOnline) continue;
      this.#set(queue, isOnline);
    }
  }

  #deviceOf({ adapter, domain }: ApQueueDevice): BusQueue | undefined {
    return this.#state.cards.get(adapter)?.byDomain.get(domain);
  }

  #storeOnline(queue: ApQueueDevice, text: string): void {
    const isOnline = parseSwitch('online', text);
    const card = this.#state.cards.get(queue.adapter);
    const device = this.#deviceOf(queue);
    if (isOnline && (card?.isConfigured !== true || device?.isConfigured !== true)) {
      throw new VfioError('ENODEV', 'online', `${queue.name} is not configured`);
    }
    if (isOnline && card?.wantsOnline !== true) {
      throw new VfioError('EINVAL', 'online', `the card of ${queue.name} is offline`);
    }
    if (device !== undefined) this.#set(device, isOnline);
  }

  #set(queue: BusQueue, isOnline: boolean): void {
    this.#online.set(queue.apqn, isOnline);
    this.#state.uevent('change', queuePath(queue), { ONLINE: isOnline ? '1' : '0' });
  }
}
