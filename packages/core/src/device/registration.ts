// The registration count: one for being registered, one for each open file. Unregister waits for it to reach zero.

/** What a device had to offer when it was registered; what its callbacks gain later is not looked at. */
export interface Offers {
  readonly migration: boolean;
  readonly log: boolean;
}

/** A reference count that says when it is over. */
export class Registration {
  readonly offers: Offers;
  #count = 1;
  #done: (() => void) | undefined;

  constructor(offers: Offers) {
    this.offers = offers;
  }

  /** Whether nobody holds the device any more. */
  get isOver(): boolean {
    return this.#count === 0;
  }

  /** Takes one, unless it is over. Counterpart of `vfio_device_try_get_registration()`. */
  tryGet(): boolean {
    if (this.#count === 0) return false;
    this.#count++;
    return true;
  }

  /** Opposite of {@link Registration.tryGet}; the last one completes. */
  put(): void {
    this.#count--;
    if (this.#count === 0) this.#done?.();
  }

  /** Calls `done` once it is over. One waiter. */
  whenOver(done: () => void): void {
    this.#done = done;
  }
}
