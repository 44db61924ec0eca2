// The parent's unreg_sem: creates and removes pass it together, an unregister closes it for good and
// waits until those inside have left.

/** A gate that can be closed once. Counterpart of the `rw_semaphore` of `struct mdev_parent`. */
export class UnregisterGate {
  #inside = 0;
  #closed = false;
  readonly #empty: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  /** Whether {@link UnregisterGate.close} has been called. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Goes in, if the gate is open. Counterpart of `down_read_trylock()`. */
  tryEnter(): boolean {
    if (this.#closed) return false;
    this.#inside++;
    return true;
  }

  /** Opposite of a successful {@link UnregisterGate.tryEnter}. */
  leave(): void {
    this.#inside--;
    if (this.#closed && this.#inside === 0) this.#empty.resolve();
  }

  /** Lets nobody in any more; resolves when all are out. Counterpart of `down_write()`. */
  close(): Promise<void> {
    this.#closed = true;
    if (this.#inside === 0) this.#empty.resolve();
    return this.#empty.promise;
  }
}
