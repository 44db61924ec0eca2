// A card whose queues answer from a list, and say when they were asked.

import type { Clock } from '@vfio-ts/core';
import type { ApCardHardware, ApCardInfo, ApIndicate } from '../../src/hardware/card.ts';
import { AP_RESPONSE, statusOf, type ApStatus } from '../../src/hardware/status.ts';
import { FakeCard, FakeQueue } from '../hardware/fake-card.ts';

type Instruction = 'zapq' | 'tapq' | 'aqic';

/** A queue of a {@link ScriptedCard}. Where its lists are empty it answers as a good one. */
export class ScriptedQueue extends FakeQueue {
  /** Response codes of the next instructions, by instruction. */
  readonly script: Record<Instruction, number[]> = { zapq: [], tapq: [], aqic: [] };
  /** Whether TAPQ says that interrupts are on; by what it was told when left out. */
  irqEnabled: boolean | undefined = undefined;
  /** `instruction@ms`, oldest first. */
  readonly history: string[] = [];
  readonly clock: Clock;

  constructor(clock: Clock) {
    super(8);
    this.clock = clock;
  }

  override test(): ApStatus {
    const status = this.#scripted('tapq') ?? super.test();
    return { ...status, irqEnabled: this.irqEnabled ?? status.irqEnabled };
  }

  override zeroize(): ApStatus {
    return this.#scripted('zapq') ?? super.zeroize();
  }

  override setInterrupt(indicate: ApIndicate | undefined): ApStatus {
    return this.#scripted('aqic') ?? super.setInterrupt(indicate);
  }

  /** Forgets what it was asked, and how often that was a ZAPQ. */
  take(): string[] {
    return this.history.splice(0);
  }

  #scripted(instruction: Instruction): ApStatus | undefined {
    this.history.push(`${instruction}@${this.clock.now()}`);
    const code = this.script[instruction].shift();
    return code === undefined ? undefined : statusOf(code);
  }
}

/** A card with a scripted queue for some domains. */
export class ScriptedCard implements ApCardHardware {
  readonly info: ApCardInfo;
  readonly queues: ReadonlyMap<number, ScriptedQueue>;

  constructor(clock: Clock, domains: readonly number[], info: Partial<ApCardInfo> = {}) {
    this.info = new FakeCard([], info).info;
    this.queues = new Map(domains.map((domain) => [domain, new ScriptedQueue(clock)]));
  }

  queue(domain: number): ScriptedQueue | undefined {
    return this.queues.get(domain);
  }

  close(): void {
    for (const queue of this.queues.values()) queue.responseCode = AP_RESPONSE.DECONFIGURED;
  }
}
