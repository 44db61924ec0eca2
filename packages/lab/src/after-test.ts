// What tests with guests look at when they are over.

import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

/** How long {@link until} waits, ms: a guard against hanging. */
const GUARD_MS = 60_000;

/** Gives Node turns until the condition holds. @throws Error when it does not within a minute */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + GUARD_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition never held');
    await turn();
  }
}

/** The process's descriptors of the kinds that devices, servers and guests use: number and what it is. */
export function openDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd')
    .map((number) => `${number} ${target(number)}`)
    .filter((what) => /socket:|\/memfd:|pipe:|anon_inode:\[eventfd\]/u.test(what));
}

function target(number: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${number}`);
  } catch {
    // The listing's own descriptor is closed by now.
    return '';
  }
}
