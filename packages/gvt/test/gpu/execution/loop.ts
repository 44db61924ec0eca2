// Time and turns of a loop, by hand.

import type { Clock, Timer } from '@vfio-ts/core';

/** A loop of which a test takes the turns; only who runs in them makes time pass. */
export class Loop implements Clock {
  time = 0;
  #timers: { readonly at: number; readonly fire: () => void }[] = [];

  get pending(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.time;
  }

  after(ms: number, fire: () => void): Timer {
    const timer = { at: this.time + ms, fire };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /** Fires what is due. */
  turn(count = 1): void {
    for (let i = 0; i < count; i++) {
      const due = this.#timers.filter(({ at }) => at <= this.time);
      this.#timers = this.#timers.filter((timer) => !due.includes(timer));
      for (const { fire } of due) fire();
    }
  }
}
