// Work that comes in bursts, done so that messages, timers and promises have their turn in between.

import { performance } from 'node:perf_hooks';

/** Milliseconds of one turn. */
const TURN = 0.5;

/** Does with each item what there is to do, in their order, and for so long at once only. */
export class InTurns<Item> {
  readonly #work: (item: Item) => void;
  readonly #now: () => number;
  #items: Item[] = [];
  #immediate: NodeJS.Immediate | undefined;

  /**
   * @param work - takes some small part of a turn
   * @param now - the clock, milliseconds
   */
  constructor(work: (item: Item) => void, now: () => number = () => performance.now()) {
    this.#work = work;
    this.#now = now;
  }

  /** Takes an item, for the turn of Node that begins when what it has now is done. */
  push(item: Item): void {
    this.#items.push(item);
    this.#schedule();
  }

  /** Forgets all items. */
  clear(): void {
    this.#items = [];
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }

  #schedule(): void {
    if (this.#items.length > 0) this.#immediate ??= setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#immediate = undefined;
    const begin = this.#now();
    try {
      do {
        const item = this.#items.shift();
        if (item === undefined) return;
        this.#work(item);
      } while (this.#now() - begin < TURN);
    } finally {
      // Whatever the last one has thrown.
      this.#schedule();
    }
  }
}
