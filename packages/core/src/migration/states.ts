// The states of migration v2 (enum vfio_device_mig_state), their numbers on the wire and what they need.

import type { MigrationState } from '../ops.ts';
import {
  VFIO_DEVICE_STATE_ERROR,
  VFIO_DEVICE_STATE_PRE_COPY,
  VFIO_DEVICE_STATE_PRE_COPY_P2P,
  VFIO_DEVICE_STATE_RESUMING,
  VFIO_DEVICE_STATE_RUNNING,
  VFIO_DEVICE_STATE_RUNNING_P2P,
  VFIO_DEVICE_STATE_STOP,
  VFIO_DEVICE_STATE_STOP_COPY,
  VFIO_MIGRATION_P2P,
  VFIO_MIGRATION_PRE_COPY,
  VFIO_MIGRATION_STOP_COPY,
} from '../uapi.ts';

/** Which way a migration data stream runs, seen from its user: `save` is read, `restore` is written. */
export type DataDirection = 'save' | 'restore';

interface StateFacts {
  readonly number: number;
  /** `VFIO_MIGRATION_*` a device must have, all of them; none are enough for ERROR. */
  readonly needs: number;
  /** The stream that is open while the device is in the state. */
  readonly data?: DataDirection;
}

const ALL_FLAGS = 0xffff_ffff;

const FACTS: ReadonlyMap<MigrationState, StateFacts> = new Map<MigrationState, StateFacts>([
  ['ERROR', { number: VFIO_DEVICE_STATE_ERROR, needs: ALL_FLAGS }],
  ['STOP', { number: VFIO_DEVICE_STATE_STOP, needs: VFIO_MIGRATION_STOP_COPY }],
  ['RUNNING', { number: VFIO_DEVICE_STATE_RUNNING, needs: VFIO_MIGRATION_STOP_COPY }],
  [
    'STOP_COPY',
    { number: VFIO_DEVICE_STATE_STOP_COPY, needs: VFIO_MIGRATION_STOP_COPY, data: 'save' },
  ],
  [
    'RESUMING',
    { number: VFIO_DEVICE_STATE_RESUMING, needs: VFIO_MIGRATION_STOP_COPY, data: 'restore' },
  ],
  [
    'RUNNING_P2P',
    { number: VFIO_DEVICE_STATE_RUNNING_P2P, needs: VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P },
  ],
  [
    'PRE_COPY',
    {
      number: VFIO_DEVICE_STATE_PRE_COPY,
      needs: VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY,
      data: 'save',
    },
  ],
  [
    'PRE_COPY_P2P',
    {
      number: VFIO_DEVICE_STATE_PRE_COPY_P2P,
      needs: VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY,
      data: 'save',
    },
  ],
]);

const NAMES: ReadonlyMap<number, MigrationState> = new Map(
  Array.from(FACTS, ([state, { number }]) => [number, state]),
);

/** All states, in the order of their numbers. */
export const MIGRATION_STATES: readonly MigrationState[] = [...FACTS.keys()].toSorted(
  (a, b) => migrationStateNumber(a) - migrationStateNumber(b),
);

/** The `VFIO_DEVICE_STATE_*` of a state. */
export function migrationStateNumber(state: MigrationState): number {
  return FACTS.get(state)?.number ?? VFIO_DEVICE_STATE_ERROR;
}

/** The state of a `VFIO_DEVICE_STATE_*`; `undefined` for a number that is none. */
export function migrationStateName(number: number): MigrationState | undefined {
  return NAMES.get(number);
}

/** Tells whether a value from a driver or a caller names a state. */
export function isMigrationState(state: unknown): state is MigrationState {
  return MIGRATION_STATES.some((known) => known === state);
}

/** The `VFIO_MIGRATION_*` a device needs to be put into a state; no device can be put into ERROR. */
export function migrationStateFlags(state: MigrationState): number {
  return FACTS.get(state)?.needs ?? ALL_FLAGS;
}

/** Tells whether a device with `flags` (`VFIO_MIGRATION_*`) can be put into `state`. */
export function isStateSupported(state: MigrationState, flags: number): boolean {
  const needs = migrationStateFlags(state);
  return needs !== ALL_FLAGS && (flags & needs) === needs;
}

/** The data stream that is open in a state; `undefined` where none is. */
export function stateData(state: MigrationState): DataDirection | undefined {
  return FACTS.get(state)?.data;
}
