// The paths of migration v2, worked out from the rules alone: the core has them as a table, and a table is checked
// against something else than itself.

import type { MigrationState } from '@vfio-ts/core';
import type { Supports } from '../device-under-test.ts';

/** What a device can do of migration. */
export type MigrationSupport = Pick<Supports, 'p2p' | 'preCopy'>;

type Arc = readonly [from: MigrationState, to: MigrationState];

const SAVING: ReadonlySet<MigrationState> = new Set(['STOP_COPY', 'PRE_COPY', 'PRE_COPY_P2P']);

function both(a: MigrationState, b: MigrationState): readonly Arc[] {
  return [
    [a, b],
    [b, a],
  ];
}

/** The arcs a driver with this manifest implements. */
export function migrationArcs({ p2p, preCopy }: MigrationSupport): readonly Arc[] {
  const stops = p2p
    ? [...both('RUNNING', 'RUNNING_P2P'), ...both('RUNNING_P2P', 'STOP')]
    : both('RUNNING', 'STOP');
  const preCopies: readonly Arc[] = p2p
    ? [
        ...both('RUNNING_P2P', 'PRE_COPY_P2P'),
        ...both('PRE_COPY', 'PRE_COPY_P2P'),
        ['PRE_COPY_P2P', 'STOP_COPY'],
      ]
    : [['PRE_COPY', 'STOP_COPY']];
  return [
    ...stops,
    ...both('STOP', 'STOP_COPY'),
    ...both('STOP', 'RESUMING'),
    ...(preCopy ? [...both('RUNNING', 'PRE_COPY'), ...preCopies] : []),
  ];
}

/** The states a device with this manifest can be put into. */
export function migrationStates(supports: MigrationSupport): readonly MigrationState[] {
  return [...new Set(migrationArcs(supports).flat())];
}

/**
 * The states on the way, the target last: the shortest path without a saving state in its interior, except between two
 * saving states. A search in breadth.
 *
 * @returns `undefined` where the way is refused
 */
export function expectedPath(
  from: MigrationState,
  to: MigrationState,
  supports: MigrationSupport,
): readonly MigrationState[] | undefined {
  const states = migrationStates(supports);
  if (!states.includes(from) || !states.includes(to)) return undefined;
  // Saving cannot go back to where the device still ran.
  if (from === 'STOP_COPY' && to !== from && SAVING.has(to)) return undefined;
  const isInside = SAVING.has(from) && SAVING.has(to);
  const arcs = migrationArcs(supports);
  const cameFrom = new Map<MigrationState, MigrationState>();
  const queue = [from];
  for (const at of queue) {
    if (at === to) return wayTo(to, from, cameFrom);
    if (at !== from && SAVING.has(at) && !isInside) continue;
    for (const [start, end] of arcs) {
      if (start !== at || end === from || cameFrom.has(end)) continue;
      cameFrom.set(end, at);
      queue.push(end);
    }
  }
  return undefined;
}

function wayTo(
  to: MigrationState,
  from: MigrationState,
  cameFrom: ReadonlyMap<MigrationState, MigrationState>,
): readonly MigrationState[] {
  const way: MigrationState[] = [];
  for (let at = to; at !== from; at = cameFrom.get(at) ?? from) way.unshift(at);
  return way;
}
