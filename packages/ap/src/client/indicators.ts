// Where queues tell of replies: a byte of guest memory for each, which the device sets and the client clears.

import type { GuestMemory } from './guest-memory.ts';

/** The bytes. */
export class Indicators {
  readonly #memory: GuestMemory;
  readonly #offsets = new Map<number, number>();

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Guest address of a queue's byte; `undefined` when all bytes are taken. */
  iova(apqn: number): number | undefined {
    const known = this.#offsets.get(apqn);
    // An address of 0 is none, whatever the memory begins with.
    const offset = known ?? this.#offsets.size + 1;
    if (offset >= this.#memory.indicators.length) return undefined;
    this.#offsets.set(apqn, offset);
    return this.#memory.indicatorsIova + offset;
  }

  /** Tells whether a queue's byte is set, and clears it. */
  take(apqn: number): boolean {
    const offset = this.#offsets.get(apqn);
    const { indicators } = this.#memory;
    if (offset === undefined || (indicators[offset] ?? 0) === 0) return false;
    indicators[offset] = 0;
    return true;
  }
}
