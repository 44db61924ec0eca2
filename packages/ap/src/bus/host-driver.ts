// Stand-in for the host's own drivers: it takes queues and keeps whether they are online, and sends them no request.
// Counterpart of zcrypt_cex4.c.

import type { ApDriver } from './ap-driver.ts';
import type { ApAttributes } from './attribute.ts';
import type { BusQueue } from './bus-queue.ts';
import { isQueueOnline, storeQueueOnline } from './online.ts';
import type { ApQueueDevice } from './queue-device.ts';
import type { BusState } from './state.ts';

/** Name of the driver of cards. @internal */
export const CARD_DRIVER = 'cex4card';

/** Adapter types that the host's own drivers know: CEX4 to CEX8. @internal */
export const HOST_HWTYPES: readonly number[] = [10, 11, 12, 13, 14];

/** The driver of the queues that the masks leave to the host. @internal */
export class HostQueueDriver implements ApDriver {
  readonly name = 'cex4queue';
  readonly isDefault = true;
  readonly hwtypes: readonly number[] = HOST_HWTYPES;
  readonly queueAttributes: ApAttributes<ApQueueDevice> = {
    online: {
      show: (queue) => (isQueueOnline(this.#seen(queue)) ? '1\n' : '0\n'),
      store: (queue, text) => storeQueueOnline(this.#state, this.#seen(queue), text),
    },
    load: { show: () => '0\n' },
  };
  readonly #state: BusState;

  constructor(state: BusState) {
    this.#state = state;
  }

  probe(queue: ApQueueDevice): void {
    queue.hardware.reset();
    // A new queue is used, whatever was wanted of the card.
    this.#seen(queue).wantsOnline = true;
  }

  remove(queue: ApQueueDevice): void {
    this.#seen(queue).wantsOnline = false;
  }

  #seen(queue: ApQueueDevice): BusQueue {
    return this.#state.busQueue(queue);
  }
}
