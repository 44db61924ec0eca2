// A queue as the bus itself sees it.

import type { ApCardInfo, ApQueueHardware } from '../hardware/card.ts';
import { AP_RESPONSE } from '../hardware/status.ts';
import type { ApDriver } from './ap-driver.ts';
import { adapterOf, apqnName, domainOf } from './names.ts';
import type { ApQueueDevice } from './queue-device.ts';

/** {@link ApQueueDevice} with what only the bus changes. @internal */
export class BusQueue implements ApQueueDevice {
  readonly apqn: number;
  readonly card: ApCardInfo;
  readonly hardware: ApQueueHardware;
  /** The driver, from the end of its probe to the start of its remove. */
  bound: ApDriver | undefined = undefined;
  /** While the host's own driver has it: whether the administrator wants it used. */
  wantsOnline = false;
  /** As of the last scan. */
  isConfigured = true;
  /** As of the last scan. */
  isCheckstopped = false;

  constructor(apqn: number, card: ApCardInfo, hardware: ApQueueHardware) {
    this.apqn = apqn;
    this.card = card;
    this.hardware = hardware;
    this.look();
  }

  get adapter(): number {
    return adapterOf(this.apqn);
  }

  get domain(): number {
    return domainOf(this.apqn);
  }

  get name(): string {
    return apqnName(this.apqn);
  }

  get driver(): string | undefined {
    return this.bound?.name;
  }

  /** The host's own driver has it, so the bus itself may send it something. */
  get isHosts(): boolean {
    return this.bound?.isDefault === true;
  }

  /** Asks the hardware for its state. Returns whether the queue is still configured as it was. */
  look(): boolean {
    const before = this.isConfigured;
    const { responseCode } = this.hardware.test();
    this.isConfigured = responseCode !== AP_RESPONSE.DECONFIGURED;
    this.isCheckstopped = responseCode === AP_RESPONSE.CHECKSTOPPED;
    return this.isConfigured === before;
  }
}
