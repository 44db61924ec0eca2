// What a loop is busy with.
//
// Concepts: when one source alone is busy, the loop waits in that source's receive. That is worth it only while
// messages follow one another so closely that a wait, which the kernel may make several milliseconds long, is not
// expected to be waited out. A source that stays alone for long is parked: it leaves the set of descriptors that
// everybody else waits in.

import type { Registration } from './registration.ts';

/** Two messages further apart, in milliseconds, do not follow closely. */
const CLOSE = 1;
/** Receives in a row before a source is parked, so that a few messages do not cost two system calls. */
const STREAK = 128;

/** The account of what sources have had to do. Times are milliseconds of the loop's clock. */
export class Activity {
  readonly #idleAfter: number;
  readonly #onError: (registration: Registration, error: unknown) => void;
  /** The source that was busy last, when it was, and when any other was. */
  #recent: Registration | undefined;
  #recentAt = -Infinity;
  #otherAt = -Infinity;
  /** When anything was done that is no account of a source. */
  #stirredAt = -Infinity;
  #isHot = false;
  #streak = 0;
  #parked: Registration | undefined;

  /**
   * @param idleAfter - for so long nothing has to be done, by others or at all
   * @param onError - a parked source cannot be watched any more
   */
  constructor(idleAfter: number, onError: (registration: Registration, error: unknown) => void) {
    this.#idleAfter = idleAfter;
    this.#onError = onError;
  }

  /** Something was done for no source in particular. */
  stir(now: number): void {
    this.#stirredAt = now;
  }

  /** A source had something to do. */
  note(registration: Registration, now: number): void {
    if (!registration.isActive) {
      this.#stirredAt = now;
      return;
    }
    if (this.#recent === registration) {
      this.#isHot = now - this.#recentAt <= CLOSE;
    } else {
      this.#otherAt = this.#recentAt;
      this.#recent = registration;
      this.#isHot = false;
    }
    this.#recentAt = now;
  }

  /** A wait for the sole source was waited out. */
  missed(): void {
    this.#isHot = false;
  }

  /** Nothing was done for so long that the loop may sleep. */
  isOver(now: number): boolean {
    return now - Math.max(this.#recentAt, this.#stirredAt) >= this.#idleAfter;
  }

  /** The only source that was busy of late, where it can be waited for by itself. */
  get sole(): Registration | undefined {
    const recent = this.#recent;
    if (!this.#isHot || recent?.source.receive === undefined) return undefined;
    if (recent.watchesWritable || !recent.watchesReadable) return undefined;
    return this.#recentAt - this.#otherAt >= this.#idleAfter ? recent : undefined;
  }

  /** The sole source is about to be waited for once more. */
  stay(sole: Registration): void {
    if (this.#parked === sole || ++this.#streak < STREAK) return;
    this.#streak = 0;
    try {
      sole.park(true);
      this.#parked = sole;
    } catch {
      // It stays in the set, where it can be waited for as well.
    }
  }

  /** All sources are about to be waited for: none is parked any more. */
  leave(): void {
    this.#streak = 0;
    const parked = this.#parked;
    if (parked === undefined) return;
    this.#parked = undefined;
    try {
      parked.park(false);
    } catch (error) {
      this.#onError(parked, error);
    }
  }

  /** A source is gone. */
  forget(registration: Registration): void {
    if (this.#recent === registration) this.#recent = undefined;
    if (this.#parked === registration) this.#parked = undefined;
  }
}
