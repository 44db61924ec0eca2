// How a device gets from one migration state to another.
//
// Concepts: an arc is one step a driver implements. A pair of states without an arc of its own is reached
// over the shortest path of arcs that has no state of the saving group (STOP_COPY, PRE_COPY, PRE_COPY_P2P)
// in its interior; a path inside the group stays inside. The table below is the result.

import { VfioError } from '../errno.ts';
import type { MigrationState } from '../ops.ts';
import { isStateSupported } from './states.ts';

type Hop = MigrationState | undefined;

const STOP = 'STOP';
const RUN = 'RUNNING';
const SCOPY = 'STOP_COPY';
const RESUM = 'RESUMING';
const RUNP2P = 'RUNNING_P2P';
const PRE = 'PRE_COPY';
const PREP2P = 'PRE_COPY_P2P';
/** Refused. */
const x = undefined;

const COLUMNS: readonly MigrationState[] = [STOP, RUN, SCOPY, RESUM, RUNP2P, PRE, PREP2P];

/** Row = current state, column = target, cell = the next state on the way, all optional states there. */
// prettier-ignore
const NEXT_STATE: ReadonlyMap<MigrationState, readonly Hop[]> = new Map<MigrationState, readonly Hop[]>([
  //          STOP    RUN     SCOPY   RESUM   RUNP2P  PRE     PREP2P
  [STOP,     [STOP,   RUNP2P, SCOPY,  RESUM,  RUNP2P, RUNP2P, RUNP2P]],
  [RUN,      [RUNP2P, RUN,    RUNP2P, RUNP2P, RUNP2P, PRE,    RUNP2P]],
  [SCOPY,    [STOP,   STOP,   SCOPY,  STOP,   STOP,   x,      x     ]],
  [RESUM,    [STOP,   STOP,   STOP,   RESUM,  STOP,   STOP,   STOP  ]],
  [RUNP2P,   [STOP,   RUN,    STOP,   STOP,   RUNP2P, RUN,    PREP2P]],
  [PRE,      [RUN,    RUN,    PREP2P, RUN,    RUN,    PRE,    PREP2P]],
  [PREP2P,   [RUNP2P, RUNP2P, SCOPY,  RUNP2P, RUNP2P, PRE,    PREP2P]],
]);

function hop(current: MigrationState, target: MigrationState): Hop {
  return NEXT_STATE.get(current)?.[COLUMNS.indexOf(target)];
}

/**
 * The state of the next arc on the way from `current` to `target`; `current` itself when already there.
 * Counterpart of `vfio_mig_get_next_state()`.
 *
 * @param flags - `VFIO_MIGRATION_*` of the device; a state it lacks is skipped on the way
 * @throws `EINVAL` ERROR or a state the device lacks, on either end; STOP_COPY to a pre-copy state
 */
export function nextState(
  current: MigrationState,
  target: MigrationState,
  flags: number,
): MigrationState {
  if (!isStateSupported(current, flags)) {
    throw new VfioError('EINVAL', 'nextState', `no arc leaves ${current}`);
  }
  if (!isStateSupported(target, flags)) {
    throw new VfioError('EINVAL', 'nextState', `the device cannot be put into ${target}`);
  }
  let next = hop(current, target);
  while (next !== undefined && !isStateSupported(next, flags)) next = hop(next, target);
  if (next === undefined) {
    throw new VfioError('EINVAL', 'nextState', `no way leads from ${current} to ${target}`);
  }
  return next;
}

/**
 * The states that follow `current` on the way to `target`, the last being `target`; empty when already there.
 *
 * @throws `EINVAL` as {@link nextState}
 */
export function migrationPath(
  current: MigrationState,
  target: MigrationState,
  flags: number,
): readonly MigrationState[] {
  const path: MigrationState[] = [];
  let at = current;
  do {
    const next = nextState(at, target, flags);
    if (next !== at) path.push(next);
    at = next;
  } while (at !== target);
  return path;
}
