// A card as a device on the AP bus. Counterpart of struct ap_card (drivers/s390/crypto/ap_bus.h).

import type { ApCardHardware, ApCardInfo } from '../hardware/card.ts';
import { adapterName } from './names.ts';
import type { BusQueue } from './bus-queue.ts';
import type { ApQueueDevice } from './queue-device.ts';

/** A card that the bus has found. */
export interface ApCardDevice {
  readonly adapter: number;
  /** `cardXX`. */
  readonly name: string;
  readonly info: ApCardInfo;
  readonly hardware: ApCardHardware;
  /** Ascending. */
  readonly queues: readonly ApQueueDevice[];
  /** As of the last scan. */
  readonly isConfigured: boolean;
  /** As of the last scan. */
  readonly isCheckstopped: boolean;
  /** The host's own driver takes its type, and uses it. */
  readonly isOnline: boolean;
}

/** {@link ApCardDevice} as the bus sees it. @internal */
export class BusCard implements ApCardDevice {
  readonly adapter: number;
  readonly info: ApCardInfo;
  readonly hardware: ApCardHardware;
  /** By domain; the keys are added in any order. */
  readonly byDomain: Map<number, BusQueue> = new Map();
  isConfigured = true;
  isCheckstopped = false;
  /** What the host's administrator wants. */
  wantsOnline = true;

  constructor(adapter: number, hardware: ApCardHardware) {
    this.adapter = adapter;
    this.info = hardware.info;
    this.hardware = hardware;
  }

  get name(): string {
    return `card${adapterName(this.adapter)}`;
  }

  get queues(): readonly BusQueue[] {
    return [...this.byDomain.values()].toSorted((a, b) => a.apqn - b.apqn);
  }

  get isOnline(): boolean {
    return this.isConfigured && this.wantsOnline;
  }
}
