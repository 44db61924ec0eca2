// Concepts: the region has room for one status, and a user is told of it by a counter that it reads and clears in one
// go: of two statuses signalled before it looks, the first is lost. So the next one waits until the user has read the
// region, or has shown in another way that it is done with the last one.

import type { Clock, Timer } from '@vfio-ts/core';

/** A status that a user is to get. */
export interface ProgramStatus {
  /** 96 bytes. */
  readonly irb: Uint8Array;
  /** The program under way is over with it. */
  readonly endsProgram: boolean;
}

/** A user that has not read a status after so long never will, ms. */
export const STATUS_HOLD_MS = 1000;

/** Where statuses come from and go to. */
export interface StatusEnds {
  readonly clock: Clock;
  /** Takes the pending status of the subchannel. */
  take(): ProgramStatus | undefined;
  /** Shows it to the user and signals. */
  deliver(status: ProgramStatus): void;
}

/** Gives statuses to the user one by one. */
export class StatusDelivery {
  readonly #ends: StatusEnds;
  /** What waits for the user; the subchannel keeps what comes behind. */
  #held: ProgramStatus[] = [];
  #isUnread = false;
  #isPending = false;
  #timer: Timer | undefined = undefined;

  constructor(ends: StatusEnds) {
    this.#ends = ends;
  }

  /** The subchannel has a status; it is taken as soon as there is room. */
  arrived(): void {
    this.#isPending = true;
    this.#takeAll();
  }

  /** A status is there that does not come from the subchannel. */
  offer(status: ProgramStatus): void {
    if (!this.#isUnread) {
      this.#show(status);
      return;
    }
    this.#held.push(status);
    this.#startTimer();
  }

  /** The user is done with the last status. */
  consumed(): void {
    this.#isUnread = false;
    this.#stopTimer();
    const next = this.#held.shift();
    if (next !== undefined) this.#show(next);
    this.#takeAll();
    if (this.#held.length > 0) this.#startTimer();
  }

  /** A clear function has taken back what the user has not seen. */
  forget(): void {
    this.#held = [];
    this.#isPending = false;
    this.#stopTimer();
  }

  /** There is no user any more. */
  clear(): void {
    this.forget();
    this.#isUnread = false;
  }

  #takeAll(): void {
    while (this.#isPending && this.#held.length === 0) {
      const status = this.#ends.take();
      if (status === undefined) this.#isPending = false;
      else this.offer(status);
    }
  }

  #show(status: ProgramStatus): void {
    // Must precede the signal: the user may read at once.
    this.#isUnread = true;
    this.#ends.deliver(status);
  }

  #startTimer(): void {
    this.#timer ??= this.#ends.clock.after(STATUS_HOLD_MS, () => this.consumed());
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
