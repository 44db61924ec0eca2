import { expect, test } from 'vitest';

import type { MigrationState } from '../../src/index.ts';
import {
  isMigrationState,
  isStateSupported,
  MIGRATION_STATES,
  migrationStateName,
  migrationStateNumber,
  stateData,
} from '../../src/migration/states.ts';
import { ALL_STATES } from './model.ts';

test('the states are numbered as the user interface numbers them', () => {
  expect(MIGRATION_STATES).toEqual(ALL_STATES);
  expect(ALL_STATES.map(migrationStateNumber)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test.each(ALL_STATES)('the number of %s names it again', (state) => {
  expect(migrationStateName(migrationStateNumber(state))).toBe(state);
});

test.each([-1, 8, 0xabcd, 1.5, Number.NaN])('%s is the number of no state', (number) => {
  expect(migrationStateName(number)).toBeUndefined();
});

test.each(['RUN', 'toString', '', 2, undefined, null])('%s is no state', (value) => {
  expect(isMigrationState(value)).toBe(false);
});

const SUPPORTED: readonly [number, readonly MigrationState[]][] = [
  [0, []],
  [1, ['STOP', 'RUNNING', 'STOP_COPY', 'RESUMING']],
  [2, []],
  [3, ['STOP', 'RUNNING', 'STOP_COPY', 'RESUMING', 'RUNNING_P2P']],
  [4, []],
  [5, ['STOP', 'RUNNING', 'STOP_COPY', 'RESUMING', 'PRE_COPY']],
  [6, []],
  [7, ALL_STATES.slice(1)],
  [0xffff_ffff, ALL_STATES.slice(1)],
  [-1, ALL_STATES.slice(1)],
];

test.each(SUPPORTED)('flags 0x%i support %j', (flags, states) => {
  expect(ALL_STATES.filter((state) => isStateSupported(state, flags))).toEqual(states);
});

test('the saving states carry data to read, RESUMING data to write, the others none', () => {
  expect(ALL_STATES.map(stateData)).toEqual([
    undefined,
    undefined,
    undefined,
    'save',
    'restore',
    undefined,
    'save',
    'save',
  ]);
});
