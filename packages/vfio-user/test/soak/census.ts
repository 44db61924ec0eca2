// What this process holds, for a look before and after.

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openFds, turns } from '../native/support.ts';

/** What is counted. */
export interface Census {
  readonly descriptors: number;
  /** Mappings shared with others: guest memory and regions. */
  readonly sharedMappings: number;
  /** Address space, in pages of 4 KiB: a receive buffer that stays shows up here. */
  readonly pages: number;
  /** Bytes of the heap and of what it holds outside. */
  readonly heap: number;
  /** Bytes in memory. */
  readonly resident: number;
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Counts, once garbage is gone. */
export async function census(): Promise<Census> {
  for (let round = 0; round < 4; round++) {
    if (typeof collect === 'function') collect();
    // oxlint-disable-next-line no-await-in-loop -- what is collected in one turn lets go of more in the next
    await turns(2);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const shared = readFileSync('/proc/self/maps', 'utf8').match(/^\S+ ..[x-]s/gmu);
  return {
    descriptors: openFds(),
    sharedMappings: shared?.length ?? 0,
    pages: Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0]),
    heap: heapUsed + external,
    resident: rss,
  };
}

/** Two counts as a table. */
export function table(name: string, before: Census, after: Census): string {
  const rows: readonly (readonly [string, string | number, string | number])[] = [
    ['descriptors', before.descriptors, after.descriptors],
    ['shared mappings', before.sharedMappings, after.sharedMappings],
    ['address space', mib(before.pages * 4096), mib(after.pages * 4096)],
    ['heap', mib(before.heap), mib(after.heap)],
    ['resident', mib(before.resident), mib(after.resident)],
  ];
  const lines = rows.map(
    ([what, from, to]) =>
      `  ${what.padEnd(16)} ${String(from).padStart(12)} ${String(to).padStart(12)}`,
  );
  return [name, ...lines, ''].join('\n');
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
