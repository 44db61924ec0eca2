// Time for what runs beside a loop.
//
// Concepts: timers are Node's, and Node has its turn when the loop gives it one. The loop therefore knows when the next
// of them is due, and does not wait longer than that.

import type { Clock, Timer } from '@vfio-ts/core';

/** What a clock does to its loop. */
export interface ClockedLoop {
  /** Milliseconds. */
  now(): number;
  /** Node has its turn before the loop waits. */
  endTurn(): void;
}

/** Monotonic time; the timers do not keep the process alive, and a loop that waits for messages does not hold them up. */
export class LoopClock implements Clock {
  readonly #loop: ClockedLoop;
  readonly #times = new Set<{ readonly at: number }>();
  #due = Infinity;

  /** @internal Made by its loop. */
  constructor(loop: ClockedLoop) {
    this.#loop = loop;
  }

  /** There are timers; by itself, as a loop asks for each message, and a number that is no integer may be an object. */
  get isArmed(): boolean {
    return this.#times.size > 0;
  }

  /** When the next timer fires, milliseconds; infinite while there is none. */
  get due(): number {
    return this.#due;
  }

  now(): number {
    return this.#loop.now();
  }

  /** As {@link Clock.after}; no time at all is the next turn of Node, once what the loop is at has ended. */
  after(ms: number, fire: () => void): Timer {
    if (!(ms > 0)) {
      const immediate = setImmediate(fire);
      this.#loop.endTurn();
      return { cancel: () => clearImmediate(immediate) };
    }
    const time = { at: this.now() + ms };
    this.#times.add(time);
    this.#due = Math.min(this.#due, time.at);
    const timer = setTimeout(() => {
      this.#forget(time);
      fire();
    }, ms);
    timer.unref();
    return {
      cancel: () => {
        clearTimeout(timer);
        this.#forget(time);
      },
    };
  }

  #forget(time: { readonly at: number }): void {
    if (!this.#times.delete(time) || time.at > this.#due) return;
    this.#due = Infinity;
    for (const { at } of this.#times) this.#due = Math.min(this.#due, at);
  }
}
