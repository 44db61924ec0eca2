// One thing at a time: what the kernel's mutexes do for the AP bus and its drivers.

/** Work that is done one after the other, in the order it was asked for. */
export class WorkQueue {
  #last: Promise<void> | undefined = undefined;

  /** Whether work is being done, or waits. */
  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  /**
   * Does `work` when all work before it has ended; at once, before this returns, when there is none. Work that calls
   * this and waits for it waits for itself.
   */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      if (before !== undefined) await before;
      return await work();
    } finally {
      if (this.#last === promise) this.#last = undefined;
      resolve();
    }
  }
}
