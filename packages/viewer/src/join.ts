// Two streams as one.

import type { Duplex } from 'node:stream';

/** Both ways, with the pressure of whoever is slower, until one of them ends. */
export function join(a: Duplex, b: Duplex): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}
