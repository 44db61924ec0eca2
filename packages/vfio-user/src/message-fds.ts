// The descriptors of the message that is being handled: each is taken by somebody or closed.

import type { Fd } from './fd.ts';

const NONE: readonly Fd[] = [];

/** Descriptors that came with one message. */
export class MessageFds {
  #fds: readonly Fd[] = NONE;
  readonly #taken = new Set<Fd>();

  /** How many came. */
  get count(): number {
    return this.#fds.length;
  }

  /** All that came, in their order. */
  get all(): readonly Fd[] {
    return this.#fds;
  }

  /** Begins a message. Balanced by {@link MessageFds.closeRest}. */
  receive(fds: readonly Fd[]): void {
    if (fds.length > 0) this.#fds = fds;
  }

  /** Notes that `fd` has another owner from now on. */
  take(fd: Fd): void {
    this.#taken.add(fd);
  }

  /** Hands over what nobody took; the message is over then. */
  giveRest(): readonly Fd[] {
    const rest = this.#fds.filter((fd) => !this.#taken.has(fd));
    this.#taken.clear();
    this.#fds = NONE;
    return rest;
  }

  /** Closes what nobody took. */
  closeRest(): void {
    if (this.#fds.length === 0) return;
    for (const fd of this.#fds) {
      if (!this.#taken.has(fd)) fd.close();
    }
    this.#taken.clear();
    this.#fds = NONE;
  }
}
