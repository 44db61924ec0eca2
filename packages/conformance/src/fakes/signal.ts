// An eventfd without the descriptor.

import type { EventSignal } from '@vfio-ts/core';

/** A signal that counts and can be watched. */
export class CountingSignal implements EventSignal {
  readonly #watchers = new Set<() => void>();
  #count = 0;
  #closed = 0;

  /** Signals so far. */
  count(): number {
    return this.#count;
  }

  /** How often it was closed; a holder closes it exactly once. */
  get closed(): number {
    return this.#closed;
  }

  signal(): void {
    if (this.#closed > 0) return;
    this.#count++;
    for (const fire of this.#watchers) fire();
  }

  watch(fire: () => void): void {
    this.#watchers.add(fire);
  }

  close(): void {
    this.#closed++;
    this.#watchers.clear();
  }
}
