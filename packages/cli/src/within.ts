import { setTimeout as delay } from 'node:timers/promises';

/**
 * What a promise gives, if it does in time; what it gives later is passed over.
 *
 * @param time - milliseconds
 * @throws Error it does not; what it rejects with
 */
export async function within<T>(time: number, promised: Promise<T> | T): Promise<T> {
  const waiting = new AbortController();
  const tooLong = delay(time, undefined, { signal: waiting.signal }).then(() => {
    throw new Error(`it is not done after ${time / 1000} s`);
  });
  // Ends it without a word once the other is there.
  tooLong.catch(() => undefined);
  try {
    return await Promise.race([promised, tooLong]);
  } finally {
    waiting.abort();
  }
}
