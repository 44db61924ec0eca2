// One queue of a software card: what AP instructions say of it, and the requests and replies in it.

import type { ApIndicate, ApMessage, ApQueueHardware, ApReply } from '../hardware/card.ts';
import { AP_RESPONSE, statusOf, type ApStatus } from '../hardware/status.ts';
import { AP_ERROR, cardError } from './error-reply.ts';
import type { CancelJob, JobRunner } from './job.ts';
import type { Interpret, Work } from './work.ts';

/** What a queue needs of its card. */
export interface QueueCard {
  readonly depth: number;
  /** Bytes of the longest message. */
  readonly maxMessage: number;
  readonly interpret: Interpret;
  readonly runner: JobRunner;
  /** Response code of a card that does not work; `NORMAL` where it does. */
  responseCode(): number;
  /** Tells whether a reset that began at `since` still goes on. */
  isResetting(since: number): boolean;
  /** Milliseconds of the card's clock. */
  now(): number;
}

/** A request that has no reply yet. A reset forgets it, whatever still computes. */
interface Pending {
  readonly psmid: bigint;
  cancel?: CancelJob;
}

/** A queue. Nothing of it waits: what takes long is done elsewhere, in whatever order. */
export class SoftQueue implements ApQueueHardware {
  readonly #card: QueueCard;
  readonly #domain: number;
  readonly #pending = new Set<Pending>();
  #replies: ApMessage[] = [];
  #indicate: ApIndicate | undefined;
  #resetSince = Number.NEGATIVE_INFINITY;

  constructor(card: QueueCard, domain: number) {
    this.#card = card;
    this.#domain = domain;
  }

  test(): ApStatus {
    return this.#refusal() ?? this.#status();
  }

  reset(): ApStatus {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    this.clear();
    this.#resetSince = this.#card.now();
    return this.#status();
  }

  /** What the queue knows is its messages; keys come with each of them. */
  zeroize(): ApStatus {
    return this.reset();
  }

  setInterrupt(indicate: ApIndicate | undefined): ApStatus {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    if ((indicate === undefined) === (this.#indicate === undefined)) {
      return this.#status(AP_RESPONSE.OTHERWISE_CHANGED);
    }
    this.#indicate = indicate;
    return this.#status();
  }

  enqueue(message: ApMessage): ApStatus {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    if (this.#isFull) return this.#status(AP_RESPONSE.Q_FULL_OR_NO_REPLY);
    if (message.bytes.length > this.#card.maxMessage) {
      return this.#status(AP_RESPONSE.MESSAGE_TOO_BIG);
    }
    const pending: Pending = { psmid: message.psmid };
    this.#pending.add(pending);
    // The instruction ends before the card begins.
    queueMicrotask(() => this.#begin(pending, message.bytes));
    return this.#status();
  }

  dequeue(): ApReply {
    const refusal = this.#refusal();
    if (refusal !== undefined) return { status: refusal };
    const message = this.#replies.shift();
    if (message === undefined) return { status: this.#status(AP_RESPONSE.Q_FULL_OR_NO_REPLY) };
    return { status: this.#status(), message };
  }

  /** Forgets all messages and disables interrupts, as a card does that stops working. */
  clear(): void {
    for (const { cancel } of this.#pending) cancel?.();
    this.#pending.clear();
    this.#replies = [];
    this.#indicate = undefined;
  }

  get #isFull(): boolean {
    return this.#pending.size + this.#replies.length >= this.#card.depth;
  }

  #refusal(): ApStatus | undefined {
    const code = this.#card.responseCode();
    if (code !== AP_RESPONSE.NORMAL) return statusOf(code);
    if (!this.#card.isResetting(this.#resetSince)) return undefined;
    return this.#status(AP_RESPONSE.RESET_IN_PROGRESS);
  }

  #status(responseCode: number = AP_RESPONSE.NORMAL): ApStatus {
    return {
      queueEmpty: this.#pending.size + this.#replies.length === 0,
      repliesWaiting: this.#replies.length > 0,
      queueFull: this.#isFull,
      irqEnabled: this.#indicate !== undefined,
      responseCode,
    };
  }

  #begin(pending: Pending, request: Uint8Array): void {
    if (!this.#pending.has(pending)) return;
    const work = this.#interpret(request);
    if (work.kind === 'reply') {
      this.#complete(pending, work.reply);
      return;
    }
    pending.cancel = this.#card.runner.submit(work.job, (result) => {
      this.#complete(pending, result === undefined ? machineFailure() : finish(work, result));
    });
  }

  #interpret(request: Uint8Array): Work {
    try {
      return this.#card.interpret(request, this.#domain);
    } catch {
      return { kind: 'reply', reply: machineFailure() };
    }
  }

  #complete(pending: Pending, bytes: Uint8Array): void {
    if (!this.#pending.delete(pending)) return;
    this.#replies.push({ psmid: pending.psmid, bytes });
    this.#indicate?.();
  }
}

function finish(work: Extract<Work, { kind: 'job' }>, result: Uint8Array): Uint8Array {
  try {
    return work.finish(result);
  } catch {
    return machineFailure();
  }
}

function machineFailure(): Uint8Array {
  return cardError(AP_ERROR.MACHINE_FAILURE);
}
