// Scans that nobody asks for: a card can stop, or be deconfigured, without anyone telling. Counterpart of
// ap_scan_bus_timer (drivers/s390/crypto/ap_bus.c).

import type { Timer } from '@vfio-ts/core';
import { scanBus } from './scan.ts';
import type { BusState } from './state.ts';
import type { WorkQueue } from './work-queue.ts';

/** Scans a bus every `config_time` seconds. @internal */
export class PeriodicScan {
  readonly #state: BusState;
  readonly #work: WorkQueue;
  #timer: Timer | undefined = undefined;

  constructor(state: BusState, work: WorkQueue) {
    this.#state = state;
    this.#work = work;
    state.onConfigTime = () => this.start();
    this.start();
  }

  /** The next scan is one whole interval away. */
  start(): void {
    this.stop();
    this.#timer = this.#state.core.clock.after(this.#state.configTime * 1000, () => {
      this.start();
      // The scan before may still wait for a driver.
      if (!this.#work.isBusy) void this.#work.run(() => scanBus(this.#state));
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
