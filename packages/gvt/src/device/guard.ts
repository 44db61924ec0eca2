// What keeps a GPU that is driven by a guest from doing harm to the server: its timers and its log.

import type { Clock, LogLevel } from '@vfio-ts/core';

/**
 * A clock whose timers never throw: an error of one is the caller's to handle.
 *
 * @param failed - told of the error
 */
export function guardedClock(clock: Clock, failed: (error: unknown) => void): Clock {
  return {
    now: () => clock.now(),
    after: (ms, fire) =>
      clock.after(ms, () => {
        try {
          fire();
        } catch (error) {
          failed(error);
        }
      }),
  };
}

/** Lines in {@link PERIOD}; a guest can cause as many as it likes. */
const MOST_LINES = 64;
/** Milliseconds. */
const PERIOD = 10_000;

/** Takes lines of a log. */
export type WriteLine = (level: LogLevel, message: () => string) => void;

/** A log that is not flooded: what is too much in ten seconds is counted only. Counterpart of `printk_ratelimited()`. */
export function limitedLog(clock: Clock, write: WriteLine): WriteLine {
  let begin = clock.now();
  let lines = 0;
  let left = 0;
  return (level, message) => {
    if (clock.now() - begin >= PERIOD) {
      const missing = left;
      if (missing > 0) write('warn', () => `${missing} lines were left out`);
      [begin, lines, left] = [clock.now(), 0, 0];
    }
    if (lines < MOST_LINES) {
      lines++;
      write(level, message);
    } else left++;
  };
}
