// Frames of a pipe on the clock.
//
// Concepts: a frame is told once for each vertical blank, at its nominal time or later, never two at once: the guest
// compares the counter with the interrupts it has had, and reads it after the check sums that it goes with. A frame that
// comes late is told when the guest is done with the one before, and the scan line stands near the end of its frame
// until then. Who is too late stands still instead.

import type { Clock, Timer } from '@vfio-ts/core';
import type { Timing } from './timing.ts';

/** Frames that are told after each other when time was lost; more of it is as if it had not been. */
const MOST_LATE_FRAMES = 4;

/** Milliseconds until a late frame is tried again. */
const RETRY = 1;

/** Frames that a guest may leave an interrupt unanswered before the next one is told all the same. */
const MOST_PATIENCE = 15;

/**
 * Part of a frame, before its blank, in which the scan line stands. A driver that sees the last tenth of a millisecond
 * waits for the blank, and complains when it does not come at once (Linux `intel_vblank_evade()`); timers of a host are
 * not as exact as that. What it wants to keep out of one frame is kept out: registers take effect as it is told.
 */
const STANDSTILL = 1 / 32;

/** What happens at each frame. */
export interface FrameHost {
  /** The interrupts of the last frame have not been taken yet. */
  isUnanswered(): boolean;
  /** The frame before ends. @returns whether it has; if not it is asked again in the next turn of the loop */
  finish(): boolean;
  /** A vertical blank begins. */
  frame(): void;
}

/** The rhythm of one pipe. */
export class FrameClock {
  readonly #clock: Clock;
  readonly #host: FrameHost;
  #timing: Timing | undefined;
  /** Nominal time of the last blank that was told. */
  #last = 0;
  #timer: Timer | undefined;
  #count = 0;

  constructor(clock: Clock, host: FrameHost) {
    this.#clock = clock;
    this.#host = host;
  }

  /** Frames told since the last reset. */
  get count(): number {
    return this.#count;
  }

  /** Begins with the first line of a frame. */
  start(timing: Timing): void {
    this.stop();
    this.#timing = timing;
    const { period, lines, blankStart } = timing;
    this.#last = this.#clock.now() - (period * (lines - blankStart)) / lines;
    this.#schedule(0);
  }

  /** No frame comes any more. */
  stop(): void {
    this.#timing = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Stops, and counts from 0. */
  reset(): void {
    this.stop();
    this.#count = 0;
  }

  /** What PIPEDSL reads as; 0 while no frame comes. */
  get scanLine(): number {
    if (this.#timing === undefined) return 0;
    const { period, lines, blankStart, behind } = this.#timing;
    const passed = Math.floor(((this.#clock.now() - this.#last) * lines) / period);
    const last = lines - Math.ceil(lines * STANDSTILL);
    const line = blankStart + Math.max(0, Math.min(passed, last));
    return (line + lines - (behind % lines)) % lines;
  }

  /** @param least - milliseconds */
  #schedule(least: number): void {
    if (this.#timing === undefined) return;
    const wait = this.#last + this.#timing.period - this.#clock.now();
    this.#timer = this.#clock.after(Math.max(0, least, wait), () => this.#tick());
  }

  #tick(): void {
    const timing = this.#timing;
    if (timing === undefined) return;
    const begin = this.#clock.now();
    const due = this.#last + timing.period;
    const late = (begin - due) / timing.period;
    // Timers of a host may be early by the fraction of a millisecond.
    if (late < 0) {
      this.#schedule(0);
      return;
    }
    if (late < MOST_PATIENCE && this.#host.isUnanswered()) {
      this.#schedule(RETRY);
      return;
    }
    if (!this.#host.finish()) {
      this.#schedule(0);
      return;
    }
    this.#last = late > MOST_LATE_FRAMES ? begin : due;
    this.#count = (this.#count + 1) % 2 ** 32;
    this.#host.frame();
    this.#schedule(0);
  }
}
