// Carries requests to queues and replies back.
//
// Concepts: a round takes replies from the queues that are due and gives to those that have room, with as many
// instructions at once as the port takes. Rounds follow each other while there is reason to: a new request, a signal,
// the next look by the clock. Nothing else issues instructions, so what is known of a queue is true between two rounds.

/* oxlint-disable no-await-in-loop -- what is known after one batch decides on the next */

import { VfioError, type Clock, type Timer } from '@vfio-ts/core';
import { AP_RESPONSE, type ApStatus } from '../hardware/status.ts';
import { ClientQueue, outcomeOf } from './client-queue.ts';
import { ApResponseError, queueName } from './errors.ts';
import type { Indicators } from './indicators.ts';
import {
  aqic,
  dqap,
  issueOne,
  nqap,
  qci,
  tapq,
  type Instruction,
  type InstructionResult,
  type Instructions,
} from './instructions.ts';
import { decodeConfiguration, decodeQueueInfo } from './machine.ts';
import type { Carried, Target } from './request.ts';
import { Waiting } from './waiting.ts';

/** What a dispatcher works with. */
export interface DispatcherOptions {
  readonly instructions: Instructions;
  readonly clock: Clock;
  /** Milliseconds between looks at queues that have something. */
  readonly interval: number;
  /** Where queues tell of replies; left out where nobody is told. */
  readonly indicators: Indicators | undefined;
}

const MOST_LOOKS = 2;

/** A request on its way into a queue. */
interface Sending {
  readonly queue: ClientQueue;
  readonly request: Carried;
  readonly psmid: bigint;
}

/** Requests under way. */
export class Dispatcher {
  readonly #instructions: Instructions;
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #indicators: Indicators | undefined;
  readonly #queues = new Map<number, ClientQueue>();
  readonly #waiting = new Waiting();
  readonly #errands: (() => Promise<void>)[] = [];
  #nextPsmid = 1n;
  #round: Promise<void> | undefined;
  #isKicked = false;
  #timer: Timer | undefined;
  #end: { readonly error: unknown } | undefined;

  constructor(options: DispatcherOptions) {
    this.#instructions = options.instructions;
    this.#clock = options.clock;
    this.#interval = options.interval;
    this.#indicators = options.indicators;
  }

  /** The queues there are, as far as is known. */
  get queues(): readonly ClientQueue[] {
    return [...this.#queues.values()];
  }

  /** Takes on a request. */
  add(request: Carried): void {
    if (this.#end !== undefined) {
      request.fail(this.#end.error);
      return;
    }
    this.#waiting.add(request);
    this.kick();
  }

  /** Does something that issues instructions of its own, between two rounds. */
  errand<T>(work: (instructions: Instructions) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#errands.push(async () => {
      // The end may have come before its turn.
      if (this.#end === undefined) await work(this.#instructions).then(resolve, reject);
      else reject(this.#end.error);
    });
    this.kick();
    return promise;
  }

  /** Looks what queues there are. */
  scan(): Promise<void> {
    return this.errand(() => this.#scan());
  }

  /** A queue was reset on purpose. */
  wasReset(apqn: number): void {
    const queue = this.#queues.get(apqn);
    if (queue === undefined) return;
    queue.irqEnabled = false;
    queue.lose((op) => lostByReset(op, queue));
  }

  /** Begins a round, or sees to it that another follows. */
  kick(): void {
    this.#isKicked = true;
    this.#round ??= this.#run();
  }

  /** Ends everything that is under way; settles when no instruction is issued any more. */
  async end(error: unknown): Promise<void> {
    this.#fail(error);
    await this.#round;
  }

  async #run(): Promise<void> {
    // Who adds several requests at once has them all in the first round.
    await Promise.resolve();
    while (this.#isKicked) {
      this.#isKicked = false;
      try {
        for (let next = this.#errands.shift(); next; next = this.#errands.shift()) await next();
        await this.#exchange();
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#round = undefined;
    this.#plan();
  }

  async #scan(): Promise<void> {
    const { status, bytes } = await issueOne(this.#instructions, qci());
    if (status.responseCode !== AP_RESPONSE.NORMAL) return;
    const { adapters, usageDomains } = decodeConfiguration(bytes);
    const found = new Set(
      adapters.flatMap((id) => usageDomains.map((domain) => (id << 8) | domain)),
    );
    for (const queue of this.queues) {
      if (!found.has(queue.apqn)) this.#drop(queue, AP_RESPONSE.Q_NOT_AVAIL);
    }
    const fresh = [...found].filter((apqn) => !this.#queues.has(apqn));
    const { limit } = this.#instructions;
    for (let at = 0; at < fresh.length; at += limit) await this.#probe(fresh.slice(at, at + limit));
  }

  async #probe(apqns: readonly number[]): Promise<void> {
    const results = await this.#issue(apqns.map(tapq));
    for (const [i, { status, gr2 }] of results.entries()) {
      const apqn = apqns[i] ?? 0;
      const outcome = outcomeOf(status);
      if (outcome === 'gone' || outcome === 'refused') continue;
      this.#queues.set(apqn, new ClientQueue(decodeQueueInfo(apqn, gr2)));
    }
  }

  /**
   * Takes what queues have that tell of something or that are looked at by the clock, and gives what waits to those
   * that have room for it or will by then: instructions are carried out in their order.
   */
  async #exchange(): Promise<void> {
    await this.#refuse();
    const looks = this.#looks();
    const sendings = this.#assign(looks);
    if (looks.length + sendings.length === 0) return;
    // There may be more to do than one batch holds.
    this.#isKicked = true;
    await this.#enableIrqs(new Set(sendings.map(({ queue }) => queue)));
    const results = await this.#issue([
      ...looks.map(({ apqn }) => dqap(apqn)),
      ...sendings.map(({ queue, request, psmid }) =>
        nqap(queue.apqn, psmid, request.encode(queue.domain)),
      ),
    ]);
    for (const [i, result] of results.entries()) {
      const look = looks[i];
      const sending = sendings[i - looks.length];
      if (look !== undefined) this.#taken(look, result);
      else if (sending !== undefined) this.#sent(sending, result.status);
    }
  }

  /** The queues to take replies from, once for each reply to ask for; others stay due. */
  #looks(): readonly ClientQueue[] {
    const due = this.queues.filter((queue) => this.#isDue(queue));
    const looks = due.flatMap((queue) => Array.from({ length: looksAt(queue) }, () => queue));
    const batch = looks.slice(0, this.#instructions.limit / 2);
    for (const queue of batch) queue.isDue = false;
    return batch;
  }

  #isDue(queue: ClientQueue): boolean {
    if (queue.inside.size === 0) return false;
    queue.isDue ||= this.#indicators?.take(queue.apqn) === true;
    return queue.isDue;
  }

  #taken(queue: ClientQueue, { status, psmid, bytes }: InstructionResult): void {
    const outcome = this.#note(queue, status);
    if (outcome === 'done') {
      queue.isResting = false;
      queue.isDue = status.repliesWaiting;
      const request = queue.inside.get(psmid);
      queue.inside.delete(psmid);
      request?.answer(bytes);
    } else if (outcome === 'full') {
      // No reply, and none to come when nothing is inside.
      queue.isDue = false;
      if (status.queueEmpty) queue.lose((op) => lostByReset(op, queue));
    }
  }

  /** Ends what no queue there is can do. */
  async #refuse(): Promise<void> {
    if (this.#homeless().length === 0) return;
    // What has come since the last look counts.
    await this.#scan();
    for (const target of this.#homeless()) {
      const what = typeof target === 'number' ? queueName(target) : `of mode ${target}`;
      this.#waiting.fail(target, (op) => new VfioError('ENODEV', op, `there is no queue ${what}`));
    }
  }

  #homeless(): readonly Target[] {
    const { queues } = this;
    return this.#waiting.targets.filter((target) => !queues.some((queue) => queue.suits(target)));
  }

  /** Chooses queues for requests, which wait on until a queue has taken them. A queue that tells has a reply less. */
  #assign(looks: readonly ClientQueue[]): readonly Sending[] {
    const batch: Sending[] = [];
    const limit = this.#instructions.limit - looks.length;
    const room = new Map(
      this.queues.map((queue) => [queue, queue.room + (looks.includes(queue) ? 1 : 0)]),
    );
    for (const target of this.#waiting.targets) {
      for (const request of this.#waiting.of(target)) {
        const queue = roomiest(room, target);
        if (queue === undefined || batch.length === limit) break;
        room.set(queue, (room.get(queue) ?? 0) - 1);
        batch.push({ queue, request, psmid: this.#nextPsmid++ });
      }
    }
    return batch;
  }

  #sent({ queue, request, psmid }: Sending, status: ApStatus): void {
    const outcome = this.#note(queue, status);
    if (outcome === 'done') {
      this.#waiting.delete(request);
      queue.inside.set(psmid, request);
      // A reset in between has disabled what tells.
      if (this.#indicators !== undefined && !status.irqEnabled) queue.isDue = true;
    } else if (outcome === 'refused') {
      this.#waiting.delete(request);
      request.fail(new ApResponseError(request.op, queue.apqn, status.responseCode));
    } else {
      queue.isResting = true;
    }
  }

  /** Takes note of what an instruction says of a queue. */
  #note(queue: ClientQueue, status: ApStatus): ReturnType<typeof outcomeOf> {
    const outcome = outcomeOf(status);
    switch (outcome) {
      case 'done':
        queue.irqEnabled = status.irqEnabled;
        break;
      case 'full':
        queue.irqEnabled = status.irqEnabled;
        break;
      case 'rests':
        queue.isResting = true;
        break;
      case 'reset':
        queue.isResting = true;
        queue.irqEnabled = false;
        queue.lose((op) => new ApResponseError(op, queue.apqn, status.responseCode));
        break;
      case 'gone':
        this.#drop(queue, status.responseCode);
        break;
      case 'refused':
    }
    return outcome;
  }

  async #enableIrqs(queues: ReadonlySet<ClientQueue>): Promise<void> {
    const silent = [...queues].flatMap((queue) => {
      const iova = queue.irqEnabled ? undefined : this.#indicators?.iova(queue.apqn);
      return iova === undefined ? [] : [{ queue, iova }];
    });
    if (silent.length === 0) return;
    const results = await this.#issue(silent.map(({ queue, iova }) => aqic(queue.apqn, iova)));
    for (const [i, { queue }] of silent.entries()) {
      const code = results[i]?.status.responseCode;
      // Where it cannot be had, the clock has to do.
      queue.irqEnabled = code === AP_RESPONSE.NORMAL || code === AP_RESPONSE.OTHERWISE_CHANGED;
    }
  }

  #issue(instructions: readonly Instruction[]): Promise<readonly InstructionResult[]> {
    return this.#instructions.issue(instructions);
  }

  /** A queue is not there any more. */
  #drop(queue: ClientQueue, responseCode: number): void {
    if (this.#queues.get(queue.apqn) === queue) this.#queues.delete(queue.apqn);
    queue.lose((op) => new ApResponseError(op, queue.apqn, responseCode));
  }

  /** The next look by the clock, while there is something to look for. */
  #plan(): void {
    const isBusy = !this.#waiting.isEmpty || this.queues.some(({ inside }) => inside.size > 0);
    if (this.#end !== undefined || this.#timer !== undefined || !isBusy) return;
    this.#timer = this.#clock.after(this.#interval, () => {
      this.#timer = undefined;
      for (const queue of this.#queues.values()) {
        queue.isDue = true;
        queue.isResting = false;
      }
      this.kick();
    });
  }

  #fail(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#timer?.cancel();
    for (const queue of this.#queues.values()) queue.lose(() => error);
    for (const target of this.#waiting.targets) this.#waiting.fail(target, () => error);
    this.#queues.clear();
    // Errands end in their turn.
    this.kick();
  }
}

/** How many replies to ask for at once: few are there at a time, and a question costs little beside a round trip. */
function looksAt({ inside }: ClientQueue): number {
  return Math.min(inside.size, MOST_LOOKS);
}

function roomiest(room: ReadonlyMap<ClientQueue, number>, target: Target): ClientQueue | undefined {
  let found: ClientQueue | undefined;
  let most = 0;
  for (const [queue, count] of room) {
    if (count <= most || !queue.suits(target)) continue;
    found = queue;
    most = count;
  }
  return found;
}

function lostByReset(op: string, queue: ClientQueue): VfioError {
  return new VfioError('ECANCELED', op, `queue ${queueName(queue.apqn)} was reset`);
}
