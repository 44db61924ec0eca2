// What sources do may fail: the loop goes on, and somebody is told.

import type { LoopSource } from './source.ts';

type Call = Exclude<keyof LoopSource, 'fd' | 'isEdge' | 'onError'>;

/** Calls sources. */
export class Guard {
  readonly #onError: (error: unknown) => void;

  /** @param onError - takes what a source without `onError` threw */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** @returns whether the source said so; false when it threw */
  call(source: LoopSource, call: Call): boolean {
    try {
      return source[call]?.() === true;
    } catch (error) {
      this.report(source, error);
      return false;
    }
  }

  /** As {@link Guard.call} of `receive`, which is called for each message. */
  receive(source: LoopSource): boolean {
    try {
      return source.receive?.() === true;
    } catch (error) {
      this.report(source, error);
      return false;
    }
  }

  /** Tells a source's own taker of errors, or else the loop's. */
  report(source: LoopSource, error: unknown): void {
    try {
      if (source.onError === undefined) this.#onError(error);
      else source.onError(error);
    } catch {
      // Nobody is left to tell.
    }
  }
}
