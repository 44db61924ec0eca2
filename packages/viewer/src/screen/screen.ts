// One picture and all who look at it. It is looked at while somebody waits for a change of it, at most so often a
// second, and compared once for all of them.

import type { Clock, Logger, Timer } from '@vfio-ts/core';
import { isFrame, type Frame, type PictureSource } from '../source.ts';
import { FrameCopy, type FrameChange } from './frame-copy.ts';

/** Looks per second while the picture moves. */
export const MAX_RATE = 60;
const INTERVAL = 1000 / MAX_RATE;
/** Looks that follow sooner one that has found nothing. */
const EARLY_LOOKS = 2;
/** Milliseconds of a late look by which the next comes sooner. */
const MAX_LATE = INTERVAL / 2;
/** Milliseconds between looks at a picture that has not moved for {@link QUIET_LOOKS} looks. */
const QUIET_INTERVAL = 33;
const QUIET_LOOKS = 60;
/** What there is to see where there has never been a picture. */
const BLANK = { width: 640, height: 480 } as const;

/** Somebody who looks. */
export interface Watcher {
  /** Whether it would send a change now. Changes come all the same, so that it knows what it has missed. */
  readonly isReady: boolean;
  /** Some of the picture has changed. */
  changed(change: FrameChange): void;
  /** The picture has another size, and all of it has changed. */
  resized(): void;
  /** The picture has been looked at and watchers told; time to send what there is. */
  looked(): void;
}

/** What a screen needs of its host. */
export interface ScreenHost {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A picture that is looked at. */
export class Screen {
  readonly source: PictureSource;
  readonly #host: ScreenHost;
  readonly #watchers = new Set<Watcher>();
  #copy: FrameCopy = new FrameCopy(BLANK.width, BLANK.height);
  #timer: Timer | undefined;
  /** When it was looked at, or was to be: looks keep to their rhythm although timers are late. */
  #last = -Infinity;
  #unchanged = 0;
  #hasFailed = false;

  constructor(source: PictureSource, host: ScreenHost) {
    this.source = source;
    this.#host = host;
  }

  /** The picture as it was looked at last. */
  get picture(): FrameCopy {
    return this.#copy;
  }

  /** Adds a watcher, for whom the picture is brought up to date when it is the first. */
  add(watcher: Watcher): void {
    if (this.#watchers.size === 0) this.#take();
    this.#watchers.add(watcher);
  }

  /** Opposite of {@link add}. Without watchers nothing is looked at. */
  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A watcher has become ready: looks as soon as it is time. */
  wake(): void {
    if (this.#timer !== undefined) return;
    const { clock } = this.#host;
    const now = clock.now();
    const next = this.#last + this.#interval;
    const due = Math.max(now, next);
    this.#timer = clock.after(due - now, () => {
      this.#timer = undefined;
      this.#last = Math.max(next, due - MAX_LATE);
      this.#look();
    });
  }

  /** Milliseconds from one look to the next. */
  get #interval(): number {
    if (this.#unchanged >= QUIET_LOOKS) return QUIET_INTERVAL;
    // A picture that moves as often as it is looked at was about to change.
    const isEarly = this.#unchanged > 0 && this.#unchanged <= EARLY_LOOKS;
    return isEarly ? INTERVAL / 3 : INTERVAL;
  }

  #look(): void {
    this.#take();
    for (const watcher of this.#watchers) watcher.looked();
    for (const { isReady } of this.#watchers) if (isReady) this.wake();
  }

  /** Brings the copy up to date and tells the watchers. */
  #take(): void {
    const frame = this.#frame();
    if (frame === undefined) return;
    const { width, height } = this.#copy;
    if (frame.width !== width || frame.height !== height) {
      this.#copy = new FrameCopy(frame.width, frame.height);
      this.#copy.update(frame);
      this.#unchanged = 0;
      for (const watcher of this.#watchers) watcher.resized();
      return;
    }
    const change = this.#copy.update(frame);
    this.#unchanged = change === undefined ? this.#unchanged + 1 : 0;
    if (change !== undefined) for (const watcher of this.#watchers) watcher.changed(change);
  }

  /** The picture now; while it is off, or cannot be had, the last one stays. */
  #frame(): Frame | undefined {
    try {
      const frame = this.source.frame();
      if (frame !== undefined && !isFrame(frame)) throw new RangeError('a frame beyond its pixels');
      this.#hasFailed = false;
      return frame;
    } catch (error) {
      // Once for each time it begins to fail: it is asked many times a second.
      if (!this.#hasFailed) {
        const { logger } = this.#host;
        logger.log('warn', 'viewer', () => `no picture of ${this.source.name}`, error);
      }
      this.#hasFailed = true;
      return undefined;
    }
  }
}
