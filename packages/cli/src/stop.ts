// The wish to end: SIGINT, SIGTERM, or the end of the package manager that launched us.

import { untilLauncherGone } from './launcher.ts';

/** Resolves at the first wish to end; a second signal ends the process as it would have without us. */
export function untilStopped(): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  return Promise.race([promise, untilLauncherGone()]);
}
