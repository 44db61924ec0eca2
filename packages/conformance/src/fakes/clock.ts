// Time that stands still until a test moves it.

import type { Clock, Timer } from '@vfio-ts/core';

interface Pending {
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that a test moves by hand. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #pending = new Set<Pending>();

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, fire: () => void): Timer {
    const timer: Pending = { at: this.#now + ms, fire };
    this.#pending.add(timer);
    return { cancel: () => void this.#pending.delete(timer) };
  }

  /** Moves time on by `ms` and fires what is due, in order; timers made meanwhile too. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    this.#now = end;
  }

  #next(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#pending) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }
}
