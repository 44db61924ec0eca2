// Brings a subchannel into use and out of it. Out of use takes time where a program runs: a user that comes meanwhile
// has the subchannel as soon as it is at rest.

import type { Clock } from '@vfio-ts/core';
import {
  decodeSchib,
  PMCW_ENABLED,
  SCSW_ACTIVITY_CONTROL,
  SCSW_FUNCTION_CONTROL,
  type Schib,
} from '../architecture/index.ts';
import type { Subchannel } from '../channel/subchannel.ts';
import { Quiesce, type QuiesceEnd } from './quiesce.ts';

/** Statuses taken in a row before a subchannel that will not be enabled is given up. */
const STATUSES_MAX = 8;

/** Why a subchannel cannot be used any more. */
export type WhyLost = Exclude<QuiesceEnd, 'disabled'>;

/** One subchannel, enabled or not. */
export class SubchannelUse {
  readonly #subchannel: Subchannel;
  readonly #clock: Clock;
  readonly #lost: (why: WhyLost) => void;
  readonly #waiting: (() => void)[] = [];
  #quiesce: Quiesce | undefined = undefined;
  #isWanted = false;
  #isClearWanted = false;

  /** @param lost - called when the subchannel cannot be enabled or disabled */
  constructor(subchannel: Subchannel, clock: Clock, lost: (why: WhyLost) => void) {
    this.#subchannel = subchannel;
    this.#clock = clock;
    this.#lost = lost;
  }

  /** It is on its way to rest: what it says belongs to an earlier user. */
  get isEnding(): boolean {
    return this.#quiesce !== undefined;
  }

  /** Enables it, at once or as soon as it is at rest. */
  open(): void {
    this.#isWanted = true;
    if (this.isEnding) return;
    const control = this.#schib()?.scsw.control ?? 0;
    // Somebody before may have left it with a function in progress.
    if ((control & (SCSW_FUNCTION_CONTROL | SCSW_ACTIVITY_CONTROL)) === 0) this.#enable();
    else this.#end();
  }

  /** Disables it, after all that runs on it has ended. */
  close(): void {
    this.#isWanted = false;
    this.#isClearWanted = false;
    if (this.isEnding) return;
    const isEnabled = ((this.#schib()?.pmcw.flags ?? 0) & PMCW_ENABLED) !== 0;
    if (isEnabled) this.#end();
    else this.#lost('gone');
  }

  /** A clear function that the user asks for before it is at rest is performed then. */
  clearLater(): void {
    this.#isClearWanted = true;
  }

  /** An interrupt while it is on its way to rest. */
  interrupt(): void {
    this.#quiesce?.interrupt();
  }

  /** @returns a promise where it is not at rest yet */
  whenAtRest(): Promise<void> | undefined {
    if (!this.isEnding) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** Leaves it as it is. */
  stop(): void {
    this.#quiesce?.stop();
    this.#quiesce = undefined;
    this.#wake();
  }

  #end(): void {
    const quiesce = new Quiesce(this.#subchannel, this.#clock, (end) => this.#ended(end));
    this.#quiesce = quiesce;
    quiesce.start();
  }

  #ended(end: QuiesceEnd): void {
    this.#quiesce = undefined;
    if (end !== 'disabled') this.#lost(end);
    else if (this.#isWanted) this.#enable();
    this.#wake();
  }

  #enable(): void {
    for (let i = 0; i < STATUSES_MAX; i++) {
      const cc = this.#subchannel.enable(true);
      if (cc === 0) {
        if (this.#isClearWanted) this.#subchannel.clear();
        this.#isClearWanted = false;
        return;
      }
      if (cc !== 1) break;
      this.#subchannel.test();
    }
    this.#lost('gone');
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #schib(): Schib | undefined {
    const schib = this.#subchannel.store();
    return schib === undefined ? undefined : decodeSchib(schib);
  }
}
