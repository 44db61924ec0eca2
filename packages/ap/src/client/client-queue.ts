// One queue as a client uses it: what it has sent there, and what it knows of the queue.

import { AP_RESPONSE, type ApStatus } from '../hardware/status.ts';
import type { ApQueueInfo } from './machine.ts';
import type { Carried, Target } from './request.ts';

/**
 * What a response code means for a queue. `rests`: another time. `reset`: what was inside is lost, and another time.
 * `gone`: the queue is not there, or no longer.
 */
export type Outcome = 'done' | 'full' | 'rests' | 'reset' | 'gone' | 'refused';

const OUTCOMES: ReadonlyMap<number, Outcome> = new Map<number, Outcome>([
  [AP_RESPONSE.NORMAL, 'done'],
  [AP_RESPONSE.Q_FULL_OR_NO_REPLY, 'full'],
  [AP_RESPONSE.BUSY, 'rests'],
  [AP_RESPONSE.STATE_CHANGE_IN_PROGRESS, 'rests'],
  [AP_RESPONSE.RESET_IN_PROGRESS, 'reset'],
  [AP_RESPONSE.Q_NOT_AVAIL, 'gone'],
  [AP_RESPONSE.DECONFIGURED, 'gone'],
  [AP_RESPONSE.CHECKSTOPPED, 'gone'],
]);

/** What a status means for a queue. */
export function outcomeOf({ responseCode }: ApStatus): Outcome {
  return OUTCOMES.get(responseCode) ?? 'refused';
}

/** A queue. */
export class ClientQueue {
  readonly apqn: number;
  readonly info: ApQueueInfo;
  /** What the queue has, by PSMID; some of it may be over. */
  readonly inside: Map<bigint, Carried> = new Map();
  /** Nothing can be added until a reply has been taken or the clock says so. */
  isResting = false;
  /** Tells of replies by itself. */
  irqEnabled = false;
  /** There may be replies. */
  isDue = false;

  constructor(info: ApQueueInfo) {
    this.apqn = info.apqn;
    this.info = info;
  }

  get domain(): number {
    return this.apqn & 0xff;
  }

  /** How many requests it may still be given. */
  get room(): number {
    return this.isResting ? 0 : this.info.depth - this.inside.size;
  }

  /** Tells whether it can do what is asked of `target`. */
  suits(target: Target): boolean {
    return target === this.apqn || target === this.info.mode;
  }

  /** Ends everything that was inside. */
  lose(error: (op: string) => unknown): void {
    const lost = [...this.inside.values()];
    this.inside.clear();
    for (const request of lost) request.fail(error(request.op));
  }
}
