// Brings a subchannel to rest that may have a program running: cancel, halt, clear, until it can be disabled.
// Counterpart of vfio_ccw_sch_quiesce() and cio_cancel_halt_clear() (drivers/s390/cio).

import type { Clock, Timer } from '@vfio-ts/core';
import type { ConditionCode, Subchannel } from '../channel/subchannel.ts';

/** How long each step may take to give an interrupt, ms. */
export const QUIESCE_WAIT_MS = 3000;
const HALTS_MAX = 3;
const CLEARS_MAX = 255;
/** Statuses taken in a row before a subchannel that will not be disabled is busy. */
const STATUSES_MAX = 8;

/** How it ended; `failed`: cancel, halt and clear did not help. */
export type QuiesceEnd = 'disabled' | 'gone' | 'failed';

/** What a step has come to: an end, an interrupt to wait for, or the next try to disable. */
type Step = QuiesceEnd | 'wait' | 'again';

/** One subchannel on its way to rest. All interrupts are its own meanwhile. */
export class Quiesce {
  readonly #subchannel: Subchannel;
  readonly #clock: Clock;
  readonly #done: (end: QuiesceEnd) => void;
  #halts = HALTS_MAX;
  #clears = CLEARS_MAX;
  #isCancelTried = false;
  #isStepping = false;
  #isWoken = false;
  #isOver = false;
  #timer: Timer | undefined = undefined;

  /** @param done - called once; before `start` returns where nothing takes time */
  constructor(subchannel: Subchannel, clock: Clock, done: (end: QuiesceEnd) => void) {
    this.#subchannel = subchannel;
    this.#clock = clock;
    this.#done = done;
  }

  /** Begins. */
  start(): void {
    this.#go();
  }

  /** The subchannel has a status. */
  interrupt(): void {
    this.#isWoken = true;
    if (!this.#isStepping) this.#go();
  }

  /** Ends it without a result. */
  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #go(): void {
    if (this.#isOver) return;
    this.#timer?.cancel();
    this.#isStepping = true;
    let step: Step;
    do {
      // Cleared first: a status that comes in the step ends the wait for it.
      this.#isWoken = false;
      step = this.#disable() ?? this.#cancelHaltClear();
    } while (step === 'again' || (step === 'wait' && this.#isWoken));
    this.#isStepping = false;
    if (step === 'wait') {
      this.#timer = this.#clock.after(QUIESCE_WAIT_MS, () => this.#go());
      return;
    }
    this.#isOver = true;
    this.#done(step);
  }

  #disable(): QuiesceEnd | undefined {
    for (let i = 0; i < STATUSES_MAX; i++) {
      this.#subchannel.test();
      switch (this.#subchannel.enable(false)) {
        case 0:
          return 'disabled';
        case 1:
          break;
        case 2:
          return undefined;
        case 3:
          return 'gone';
      }
    }
    return undefined;
  }

  #cancelHaltClear(): Step {
    const subchannel = this.#subchannel;
    if (!this.#isCancelTried) {
      this.#isCancelTried = true;
      const cc = subchannel.cancel();
      if (cc !== 2) return cc === 3 ? 'gone' : 'again';
    }
    while (this.#halts > 0) {
      this.#halts--;
      const cc = subchannel.halt();
      if (cc !== 2) return stepOf(cc);
    }
    while (this.#clears > 0) {
      this.#clears--;
      const cc = subchannel.clear();
      if (cc !== 2) return stepOf(cc);
    }
    return 'failed';
  }
}

function stepOf(cc: Exclude<ConditionCode, 2>): Step {
  switch (cc) {
    case 0:
      return 'wait';
    case 1:
      return 'again';
    case 3:
      return 'gone';
  }
}

/**
 * Ends the program of a subchannel whose path is lost; what comes of it is an interrupt.
 *
 * @returns whether it was cancelled: then there is no interrupt
 */
export function cancelHaltClear(subchannel: Subchannel): boolean {
  const cc = subchannel.cancel();
  if (cc !== 2) return cc === 0;
  for (let i = 0; i < HALTS_MAX; i++) {
    if (subchannel.halt() !== 2) return false;
  }
  for (let i = 0; i < CLEARS_MAX; i++) {
    if (subchannel.clear() !== 2) return false;
  }
  return false;
}
