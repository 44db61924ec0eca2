// The wish to end: SIGINT or SIGTERM.

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process as it would have without us. */
export function untilStopped(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  return promise;
}
