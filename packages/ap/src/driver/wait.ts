// Waiting on the clock of the core.

import type { Clock } from '@vfio-ts/core';

/** Counterpart of `msleep()`. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.after(ms, resolve);
  return promise;
}
