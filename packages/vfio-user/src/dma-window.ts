// The messages to one client that wait for their replies. A bound on how many keeps a slow client from having to hold
// all that its device has asked for.

import type { Access, PendingMessage } from './dma-access.ts';

/** Bytes of data that may be under way at once; one message goes whatever its size. */
const WINDOW_BYTES = 4 << 20;
/** Message ids there are. */
export const DMA_IDS = 0x10000;

/** A message on its way, and what for. */
export interface Pending extends PendingMessage {
  /** None for the question which layout the client has. */
  readonly access: Access | undefined;
}

/** Messages under way. Those of an access that is over keep their ids until the late replies come. */
export class DmaWindow {
  readonly #pending = new Map<number, Pending>();
  #open = 0;
  #openBytes = 0;
  #nextId = 0;

  /** Messages whose replies are awaited, those that nobody waits for any more included. */
  get size(): number {
    return this.#pending.size;
  }

  /** Whether a message with so much data may go now. */
  hasRoom(bytes: number, maxMessages: number): boolean {
    return (
      this.#open === 0 || (this.#open < maxMessages && this.#openBytes + bytes <= WINDOW_BYTES)
    );
  }

  /** An id that no message has; `undefined` when all are taken. */
  freeId(): number | undefined {
    if (this.#pending.size >= DMA_IDS) return undefined;
    while (this.#pending.has(this.#nextId)) this.#nextId = (this.#nextId + 1) % DMA_IDS;
    const id = this.#nextId;
    this.#nextId = (id + 1) % DMA_IDS;
    return id;
  }

  /** A message goes. */
  add(id: number, message: Pending): void {
    this.#pending.set(id, message);
    const { access, length } = message;
    if (access === undefined) return;
    access.open++;
    access.openBytes += length;
    this.#open++;
    this.#openBytes += length;
  }

  /** Takes the message that a reply belongs to; `undefined` when there is none. */
  take(id: number): Pending | undefined {
    const message = this.#pending.get(id);
    if (message === undefined) return undefined;
    this.#pending.delete(id);
    const { access, length } = message;
    if (access === undefined || access.isOver) return message;
    access.open--;
    access.openBytes -= length;
    this.#open--;
    this.#openBytes -= length;
    return message;
  }

  /** An access is over: its messages take no room any more. */
  leave(access: Access): void {
    this.#open -= access.open;
    this.#openBytes -= access.openBytes;
  }

  /** The client is gone, and no reply comes. */
  clear(): void {
    this.#pending.clear();
  }
}
