// Whether Node has work of its own in flight: files that are read, threads that compute, other sockets.
//
// Concepts: Node does not tell what it waits for, but it counts the events it has had. While there are some besides
// those that the loop causes itself, more are expected, and a thread that blocks for messages would hold them up.

/** For so long after an event of Node's own more are expected, in milliseconds. */
const EXPECTED = 100;
/** Node is asked so often, in milliseconds: it answers with an object. */
const INTERVAL = 25;

/** The account of Node's events. Times are milliseconds of the loop's clock. */
export class NodeWork {
  readonly #events: () => number;
  #seen: number;
  #own = 0;
  #next = -Infinity;
  #until = -Infinity;

  /** @param events - how many Node has had so far */
  constructor(events: () => number) {
    this.#events = events;
    this.#seen = events();
  }

  /** The next event that Node counts is the loop's. */
  expectOwn(): void {
    this.#own++;
  }

  /** Node has had its turn. */
  look(now: number): void {
    if (now < this.#next) return;
    this.#next = now + INTERVAL;
    const events = this.#events();
    if (events - this.#seen > this.#own) this.#until = now + EXPECTED;
    this.#seen = events;
    this.#own = 0;
  }

  /** More events are expected. */
  isExpected(now: number): boolean {
    return now < this.#until;
  }
}
