// Replies that have left their queue and not yet reached the guest, whole or in part.

import type { ApMessage } from '../hardware/card.ts';
import type { ApStatus } from '../hardware/status.ts';

/** A reply, and how much of it the guest has. */
export interface HeldReply {
  readonly message: ApMessage;
  readonly taken: number;
}

/** Replies of one queue, next one first. A list that was dropped is written to by nobody who reads it. */
export type HeldList = HeldReply[];

/** The replies of all queues of a port. */
export class HeldReplies {
  readonly #lists: Map<number, HeldList> = new Map();

  /** The list of a queue; whoever takes a reply from it puts what is left back into the same list. */
  of(apqn: number): HeldList {
    const known = this.#lists.get(apqn);
    if (known !== undefined) return known;
    const list: HeldList = [];
    this.#lists.set(apqn, list);
    return list;
  }

  /** Drops the replies of a queue, those on their way included. */
  forget(apqn: number): void {
    this.#lists.delete(apqn);
  }

  /** Drops everything. */
  clear(): void {
    this.#lists.clear();
  }

  /** A status of the queue as the guest sees it: what is held is still in the queue. */
  seen(apqn: number, status: ApStatus): ApStatus {
    if ((this.#lists.get(apqn)?.length ?? 0) === 0) return status;
    return { ...status, queueEmpty: false, repliesWaiting: true };
  }
}
