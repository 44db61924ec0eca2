// Time that passes as fast as promises settle.

import type { Clock, Timer } from '@vfio-ts/core';
import { ManualClock } from '@vfio-ts/conformance/fakes';

/** A clock whose timers fire, in order, as soon as everything else has been done. */
export class EagerClock implements Clock {
  readonly #clock = new ManualClock();

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, fire: () => void): Timer {
    const timer = this.#clock.after(ms, fire);
    queueMicrotask(() => this.#clock.advance(ms));
    return timer;
  }
}
