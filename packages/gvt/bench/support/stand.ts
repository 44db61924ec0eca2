// A guest made by hand over a loop that takes its turns as fast as it can.

import type { Clock, Timer } from '@vfio-ts/core';
import { Guest, Ram } from '../../test/gpu/execution/guest.ts';

/** Real time, and turns when they are asked for. */
export class BusyLoop implements Clock {
  #next: (() => void) | undefined;

  now(): number {
    return performance.now();
  }

  after(_ms: number, fire: () => void): Timer {
    this.#next = fire;
    return {
      cancel: () => {
        if (this.#next === fire) this.#next = undefined;
      },
    };
  }

  /** Takes turns until nobody asks for one. */
  drain(): void {
    for (;;) {
      const fire = this.#next;
      if (fire === undefined) return;
      this.#next = undefined;
      fire();
    }
  }
}

/** A guest with memory of the given size. */
export class Stand {
  readonly loop: BusyLoop = new BusyLoop();
  readonly guest: Guest;

  constructor(bytes: number) {
    this.guest = new Guest({ loop: this.loop, ram: new Ram(bytes) });
  }
}
