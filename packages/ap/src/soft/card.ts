// A crypto card in software. It is emulation and no security boundary: keys and results are in the memory of the
// process, and how long an operation takes tells of its operands.

import { randomFillSync } from 'node:crypto';
import { VfioError, type Clock } from '@vfio-ts/core';
import type { ApCardHardware, ApCardInfo, ApMode } from '../hardware/card.ts';
import { AP_RESPONSE } from '../hardware/status.ts';
import { interpretCca } from './cca.ts';
import type { FillRandom } from './cca-random.ts';
import { MODE_FUNCTIONS } from './functions.ts';
import type { JobRunner } from './job.ts';
import { SoftQueue, type QueueCard } from './queue.ts';
import { interpretType50 } from './type50.ts';
import type { Interpret } from './work.ts';

/**
 * `configured` works. `deconfigured` and `checkstopped` refuse everything, and nothing is left in the queues.
 * `busy` refuses everything for now: the queues go on with what they have.
 */
export type SoftCardState = 'configured' | 'deconfigured' | 'checkstopped' | 'busy';

/** What a card is. */
export interface SoftCardOptions {
  readonly mode: Exclude<ApMode, 'ep11'>;
  /** Does the arithmetic, of several cards if need be. Whoever made it closes it. */
  readonly runner: JobRunner;
  /** 10 for a CEX4 to 14 for a CEX8, which it is when left out. */
  readonly hwtype?: number;
  /** Highest usage domain: the card has a queue for each up to it. 255 when left out. */
  readonly maxDomain?: number;
  /** Requests and replies in a queue, 1 to 16; 8 when left out. */
  readonly depth?: number;
  /** All that the mode has when left out. */
  readonly functions?: number;
  /** Up to 8 characters that a coprocessor tells. */
  readonly serial?: string;
  /** Where the random numbers of a coprocessor come from. The operating system when left out. */
  readonly fillRandom?: FillRandom;
  /** How long a reset goes on. At once over when left out. */
  readonly resets?: SoftCardResets;
}

/** How long resets of a queue go on. */
export interface SoftCardResets {
  readonly clock: Pick<Clock, 'now'>;
  readonly milliseconds: number;
}

const OLDEST = 10;
const NEWEST = 14;
const MAX_DOMAIN = 255;
const MAX_DEPTH = 16;
const DEPTH = 8;
const MESSAGE_PAGES = 3;
const PAGE = 4096;

const STATE_RESPONSE: Readonly<Record<SoftCardState, number>> = {
  configured: AP_RESPONSE.NORMAL,
  deconfigured: AP_RESPONSE.DECONFIGURED,
  checkstopped: AP_RESPONSE.CHECKSTOPPED,
  busy: AP_RESPONSE.BUSY,
};

/** An accelerator or a CCA coprocessor in software. */
export class SoftCard implements ApCardHardware, Disposable {
  readonly info: ApCardInfo;
  readonly #maxDomain: number;
  readonly #card: QueueCard;
  readonly #queues = new Map<number, SoftQueue>();
  #state: SoftCardState = 'configured';
  #isClosed = false;

  /** @throws `EINVAL` a number is out of its range, or there is no such mode in software */
  constructor(options: SoftCardOptions) {
    const { mode, runner, resets } = options;
    const { hwtype = NEWEST, maxDomain = MAX_DOMAIN, depth = DEPTH } = options;
    const { functions = MODE_FUNCTIONS[mode] } = options;
    checkMode(mode);
    checkRange('hwtype', hwtype, OLDEST, NEWEST);
    checkRange('maxDomain', maxDomain, 0, MAX_DOMAIN);
    checkRange('depth', depth, 1, MAX_DEPTH);
    this.info = { hwtype, mode, functions, depth, maxMessagePages: MESSAGE_PAGES };
    this.#maxDomain = maxDomain;
    this.#card = {
      depth,
      maxMessage: MESSAGE_PAGES * PAGE,
      interpret: interpretOf(options, functions),
      runner,
      responseCode: () => STATE_RESPONSE[this.#state],
      now: () => resets?.clock.now() ?? 0,
      isResetting: (since) =>
        resets !== undefined && resets.clock.now() < since + resets.milliseconds,
    };
  }

  queue(domain: number): SoftQueue | undefined {
    if (!Number.isInteger(domain) || domain < 0 || domain > this.#maxDomain) return undefined;
    let queue = this.#queues.get(domain);
    if (queue === undefined) {
      queue = new SoftQueue(this.#card, domain);
      this.#queues.set(domain, queue);
    }
    return queue;
  }

  /** What it is told to be; a closed card is `deconfigured`. */
  get state(): SoftCardState {
    return this.#state;
  }

  /** Makes it fail or work. @throws `ENODEV` it is closed */
  setState(state: SoftCardState): void {
    if (this.#isClosed) throw new VfioError('ENODEV', 'setState', 'the card is closed');
    this.#enter(state);
  }

  /** What a write to the card's `config` does. @throws `ENODEV` it is closed */
  configure(isConfigured: boolean): void {
    this.setState(isConfigured ? 'configured' : 'deconfigured');
  }

  close(): void {
    this.#isClosed = true;
    this.#enter('deconfigured');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #enter(state: SoftCardState): void {
    this.#state = state;
    if (state === 'configured' || state === 'busy') return;
    for (const queue of this.#queues.values()) queue.clear();
  }
}

function interpretOf(options: SoftCardOptions, functions: number): Interpret {
  if (options.mode === 'accelerator') return interpretType50(functions);
  const { serial = '', fillRandom = (bytes) => void randomFillSync(bytes) } = options;
  return interpretCca({ serial, fillRandom });
}

function checkMode(mode: string): void {
  if (mode === 'accelerator' || mode === 'cca') return;
  throw new VfioError('EINVAL', 'SoftCard', `no card of mode '${mode}' in software`);
}

function checkRange(name: string, value: number, from: number, to: number): void {
  if (Number.isInteger(value) && value >= from && value <= to) return;
  throw new VfioError('EINVAL', 'SoftCard', `${name} ${value} is not ${from} to ${to}`);
}
