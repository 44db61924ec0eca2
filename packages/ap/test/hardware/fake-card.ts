// A card that answers what a test tells it to.

import type {
  ApCardHardware,
  ApCardInfo,
  ApIndicate,
  ApMessage,
  ApQueueHardware,
  ApReply,
} from '../../src/hardware/card.ts';
import { AP_RESPONSE, statusOf, type ApStatus } from '../../src/hardware/status.ts';

/** A queue of a {@link FakeCard}. */
export class FakeQueue implements ApQueueHardware {
  /** Names of the instructions it was given. */
  readonly calls: string[] = [];
  readonly requests: ApMessage[] = [];
  readonly replies: ApMessage[] = [];
  indicate: ApIndicate | undefined = undefined;
  /** What every instruction answers. */
  responseCode: number = AP_RESPONSE.NORMAL;
  readonly #depth: number;

  constructor(depth: number) {
    this.#depth = depth;
  }

  test(): ApStatus {
    return this.#status();
  }

  reset(): ApStatus {
    return this.#clear('reset');
  }

  zeroize(): ApStatus {
    return this.#clear('zeroize');
  }

  setInterrupt(indicate: ApIndicate | undefined): ApStatus {
    this.calls.push(indicate === undefined ? 'disable' : 'enable');
    if ((indicate === undefined) === (this.indicate === undefined)) {
      return this.#status(AP_RESPONSE.OTHERWISE_CHANGED);
    }
    this.indicate = indicate;
    return this.#status();
  }

  enqueue(message: ApMessage): ApStatus {
    this.calls.push('enqueue');
    if (this.responseCode !== AP_RESPONSE.NORMAL) return this.#status();
    if (this.requests.length + this.replies.length >= this.#depth) {
      return this.#status(AP_RESPONSE.Q_FULL_OR_NO_REPLY);
    }
    this.requests.push(message);
    return this.#status();
  }

  dequeue(): ApReply {
    this.calls.push('dequeue');
    if (this.responseCode !== AP_RESPONSE.NORMAL) return { status: this.#status() };
    const message = this.replies.shift();
    if (message === undefined) return { status: this.#status(AP_RESPONSE.Q_FULL_OR_NO_REPLY) };
    return { status: this.#status(), message };
  }

  /** Ends the oldest request. */
  answer(bytes: Uint8Array): void {
    const request = this.requests.shift();
    if (request === undefined) throw new Error('there is no request');
    this.replies.push({ psmid: request.psmid, bytes });
    this.indicate?.();
  }

  #clear(call: string): ApStatus {
    this.calls.push(call);
    this.requests.length = 0;
    this.replies.length = 0;
    this.indicate = undefined;
    return this.#status();
  }

  #status(responseCode: number = this.responseCode): ApStatus {
    return {
      ...statusOf(responseCode),
      queueEmpty: this.requests.length + this.replies.length === 0,
      repliesWaiting: this.replies.length > 0,
      queueFull: this.requests.length + this.replies.length >= this.#depth,
      irqEnabled: this.indicate !== undefined,
    };
  }
}

/** A card with a queue for some domains. */
export class FakeCard implements ApCardHardware {
  readonly info: ApCardInfo;
  readonly queues: ReadonlyMap<number, FakeQueue>;
  isClosed = false;

  constructor(domains: readonly number[], info: Partial<ApCardInfo> = {}) {
    this.info = {
      hwtype: 14,
      mode: 'accelerator',
      functions: 0xea80_0000,
      depth: 8,
      maxMessagePages: 3,
      ...info,
    };
    this.queues = new Map(domains.map((domain) => [domain, new FakeQueue(this.info.depth)]));
  }

  queue(domain: number): FakeQueue | undefined {
    return this.queues.get(domain);
  }

  /** Makes all queues answer that. */
  respond(responseCode: number): void {
    for (const queue of this.queues.values()) queue.responseCode = responseCode;
  }

  close(): void {
    this.isClosed = true;
    this.respond(AP_RESPONSE.DECONFIGURED);
  }
}
