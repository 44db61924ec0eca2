// How long a device that ended by itself waits before it is started again.

/** Milliseconds before the first new start. */
const FIRST = 100;
/** Milliseconds at most. */
const LAST = 30_000;
/** A device that has run for so many milliseconds counts as one that runs well. */
const WELL = 60_000;

/** The waits of one device: each twice the one before, from the first on again after it has run well. */
export class BackOff {
  #next = FIRST;

  /**
   * The next wait, in milliseconds.
   *
   * @param ran - how long it has run, 0 when it never did
   */
  after(ran: number): number {
    const wait = ran >= WELL ? FIRST : this.#next;
    this.#next = Math.min(LAST, 2 * wait);
    return wait;
  }
}
