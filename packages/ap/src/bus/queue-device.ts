// A queue as a device on the AP bus. Counterpart of struct ap_queue (drivers/s390/crypto/ap_bus.h).

import type { ApCardInfo, ApQueueHardware } from '../hardware/card.ts';

/** A queue that the bus has found. */
export interface ApQueueDevice {
  /** `adapter << 8 | domain`. */
  readonly apqn: number;
  readonly adapter: number;
  readonly domain: number;
  /** `aa.dddd`. */
  readonly name: string;
  readonly card: ApCardInfo;
  readonly hardware: ApQueueHardware;
  /** Name of the driver it is bound to. */
  readonly driver: string | undefined;
}
