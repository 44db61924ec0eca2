// The arcs of the migration interface and a search over them, written from the rules and not from the table.

import {
  type MigrationState,
  VFIO_MIGRATION_P2P,
  VFIO_MIGRATION_PRE_COPY,
  VFIO_MIGRATION_STOP_COPY,
} from '../../src/index.ts';

export const ALL_STATES: readonly MigrationState[] = [
  'ERROR',
  'STOP',
  'RUNNING',
  'STOP_COPY',
  'RESUMING',
  'RUNNING_P2P',
  'PRE_COPY',
  'PRE_COPY_P2P',
];

type Arc = readonly [MigrationState, MigrationState];

const SAVING: ReadonlySet<MigrationState> = new Set(['STOP_COPY', 'PRE_COPY', 'PRE_COPY_P2P']);

/** The arcs a driver with these flags implements. */
export function arcsOf(flags: number): readonly Arc[] {
  if ((flags & VFIO_MIGRATION_STOP_COPY) === 0) return [];
  const p2p = (flags & VFIO_MIGRATION_P2P) !== 0;
  const preCopy = (flags & VFIO_MIGRATION_PRE_COPY) !== 0;
  const arcs: Arc[] = [
    ['STOP', 'STOP_COPY'],
    ['STOP_COPY', 'STOP'],
    ['STOP', 'RESUMING'],
    ['RESUMING', 'STOP'],
  ];
  const both = (a: MigrationState, b: MigrationState) => arcs.push([a, b], [b, a]);
  if (p2p) {
    both('RUNNING', 'RUNNING_P2P');
    both('RUNNING_P2P', 'STOP');
  } else {
    both('RUNNING', 'STOP');
  }
  if (preCopy) both('RUNNING', 'PRE_COPY');
  if (preCopy && !p2p) arcs.push(['PRE_COPY', 'STOP_COPY']);
  if (preCopy && p2p) {
    both('RUNNING_P2P', 'PRE_COPY_P2P');
    both('PRE_COPY', 'PRE_COPY_P2P');
    arcs.push(['PRE_COPY_P2P', 'STOP_COPY']);
  }
  return arcs;
}

/**
 * All shortest legal paths. Between two saving states the path stays among them; any other path has them at its
 * ends only.
 */
export function shortestPaths(
  from: MigrationState,
  to: MigrationState,
  flags: number,
): readonly (readonly MigrationState[])[] {
  const arcs = arcsOf(flags);
  const isKnown = (state: MigrationState) => arcs.some((arc) => arc.includes(state));
  if (!isKnown(from) || !isKnown(to)) return [];
  const inside = SAVING.has(from) && SAVING.has(to);
  const mayPass = (state: MigrationState) => SAVING.has(state) === inside;
  let frontier: (readonly MigrationState[])[] = [[from]];
  for (let length = 0; length <= ALL_STATES.length; length++) {
    const found = frontier.filter((path) => path.at(-1) === to);
    if (found.length > 0) return found.map((path) => path.slice(1));
    frontier = frontier.flatMap((path) =>
      arcs
        .filter(([a, b]) => a === path.at(-1) && (b === to || mayPass(b)))
        .map(([, b]) => path.concat(b)),
    );
  }
  return [];
}
