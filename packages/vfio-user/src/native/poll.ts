// Lets Node's own event loop watch a descriptor while there is nothing to do.

import koffi from 'koffi';

/** A watch on a descriptor by Node's event loop, level triggered. */
export class NodePoll {
  readonly #handle: ReturnType<typeof koffi.node.poll>;
  readonly #onReadable: () => void;
  #open = true;
  #watching = false;

  /**
   * @param fd - must stay open until `close`
   * @param onReadable - called outside any asynchronous context: it must not throw, and promises it settles
   *   are seen at the next turn of Node
   */
  constructor(fd: number, onReadable: () => void) {
    this.#onReadable = onReadable;
    this.#handle = koffi.node.poll(fd, { readable: true }, onReadable);
    this.#handle.stop();
  }

  /** Begins to watch; a watch keeps the process alive. */
  start(): void {
    if (!this.#open || this.#watching) return;
    this.#watching = true;
    this.#handle.start({ readable: true }, this.#onReadable);
  }

  /** Stops watching. */
  stop(): void {
    if (!this.#open || !this.#watching) return;
    this.#watching = false;
    this.#handle.stop();
  }

  /** Gives the watch back; the descriptor may be closed afterwards. A second call does nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#handle.close();
  }
}
