// Shares the time of one process between the vGPUs that have work, by weight. Counterpart of
// drivers/gpu/drm/i915/gvt/sched_policy.c.
//
// Concepts: one slice a turn of the loop, so that messages of all guests come through in between. Who has had the least
// time for its weight is next; who comes back after idling begins where the others are.

import type { Clock, Timer } from '@vfio-ts/core';

/** What a slice left. */
export type Remainder =
  /** Nothing to do. */
  | 'nothing'
  /** Work to do at once. */
  | 'work'
  /** Work that waits for somebody else. */
  | 'waiting';

/** One that executes. */
export interface GpuClient {
  /** Share of the time, 1 to 16. */
  readonly weight: number;
  readonly clock: Clock;
  /** Executes a slice. */
  slice(): Remainder;
}

/** Milliseconds until a client that waits looks again. */
const POLL_MS = 1;

/** What a slice costs at least, milliseconds. */
const LEAST_COST = 0.01;

interface Entry {
  readonly client: GpuClient;
  /** Milliseconds for each unit of weight. */
  used: number;
  state: 'idle' | 'ready' | 'waiting';
  poll: Timer | undefined;
}

/** The only one of a GPU. */
export class GpuScheduler {
  readonly #entries = new Map<GpuClient, Entry>();
  #turn: Timer | undefined;
  #turnClock: Clock | undefined;

  /** The client has work. */
  wake(client: GpuClient): void {
    const entry = this.#entry(client);
    if (entry.state === 'ready') return;
    entry.poll?.cancel();
    entry.poll = undefined;
    if (entry.state === 'idle') entry.used = Math.max(entry.used, this.#least());
    entry.state = 'ready';
    this.#arm();
  }

  /** The client executes nothing until it is woken again. */
  remove(client: GpuClient): void {
    const entry = this.#entries.get(client);
    if (entry === undefined) return;
    entry.poll?.cancel();
    this.#entries.delete(client);
    if (this.#turnClock === client.clock) this.#disarm();
    this.#arm();
  }

  #entry(client: GpuClient): Entry {
    const found = this.#entries.get(client);
    if (found !== undefined) return found;
    const entry: Entry = { client, used: 0, state: 'idle', poll: undefined };
    this.#entries.set(client, entry);
    return entry;
  }

  #next(): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.state === 'ready' && (next === undefined || entry.used < next.used)) next = entry;
    }
    return next;
  }

  #least(): number {
    return this.#next()?.used ?? 0;
  }

  #arm(): void {
    if (this.#turn !== undefined) return;
    const clock = this.#next()?.client.clock;
    if (clock === undefined) return;
    this.#turnClock = clock;
    this.#turn = clock.after(0, () => this.#take());
  }

  #disarm(): void {
    this.#turn?.cancel();
    this.#turn = undefined;
    this.#turnClock = undefined;
  }

  #take(): void {
    this.#disarm();
    const entry = this.#next();
    if (entry === undefined) return;
    const { client } = entry;
    const begin = client.clock.now();
    const remainder = client.slice();
    const cost = Math.max(client.clock.now() - begin, LEAST_COST);
    entry.used += cost / client.weight;
    if (this.#entries.get(client) === entry) this.#leave(entry, remainder);
    this.#arm();
  }

  #leave(entry: Entry, remainder: Remainder): void {
    if (remainder === 'work') return;
    if (remainder === 'nothing') {
      entry.state = 'idle';
      return;
    }
    entry.state = 'waiting';
    entry.poll = entry.client.clock.after(POLL_MS, () => this.wake(entry.client));
  }
}
