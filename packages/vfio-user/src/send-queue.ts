// What a socket had no room for.

import { closeAll, type Fd } from './fd.ts';

/** The rest of a message. */
export interface QueuedMessage {
  readonly bytes: Uint8Array;
  /** Descriptors that go with the first byte; none once it has gone. */
  readonly fds: readonly Fd[];
}

/** Messages that wait, in order. */
export class SendQueue {
  #messages: QueuedMessage[] = [];
  #size = 0;

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /** The message that goes next. */
  get first(): QueuedMessage | undefined {
    return this.#messages[0];
  }

  /** Copies the message, and the descriptors too: those given stay the caller's. @throws `EMFILE` */
  push(bytes: Uint8Array, fds: readonly Fd[]): void {
    const copies: Fd[] = [];
    try {
      for (const fd of fds) copies.push(fd.dup());
    } catch (error) {
      closeAll(copies);
      throw error;
    }
    this.#messages.push({ bytes: bytes.slice(), fds: copies });
    this.#size += bytes.length;
  }

  /** Takes away `count` bytes of the first message, and its descriptors with them. */
  advance(count: number): void {
    const first = this.#messages[0];
    if (first === undefined) return;
    this.#size -= count;
    closeAll(first.fds);
    if (count === first.bytes.length) this.#messages.shift();
    else this.#messages[0] = { bytes: first.bytes.subarray(count), fds: [] };
  }

  /** Drops everything. */
  clear(): void {
    for (const { fds } of this.#messages) closeAll(fds);
    this.#messages = [];
    this.#size = 0;
  }
}
