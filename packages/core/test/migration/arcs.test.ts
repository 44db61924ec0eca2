import { describe, expect, test } from 'vitest';

import { isErrno, type MigrationState } from '../../src/index.ts';
import { migrationPath, nextState } from '../../src/migration/arcs.ts';
import { ALL_STATES, arcsOf, shortestPaths } from './model.ts';

const ALL_FLAGS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const PAIRS = ALL_STATES.flatMap((from) => ALL_STATES.map((to) => [from, to] as const));

function pathOrCode(from: MigrationState, to: MigrationState, flags: number) {
  try {
    return migrationPath(from, to, flags);
  } catch (error) {
    return isErrno(error, 'EINVAL') ? 'EINVAL' : error;
  }
}

describe.each(ALL_FLAGS)('with migration flags %i', (flags) => {
  test.each(PAIRS)('%s to %s takes the only shortest legal path', (from, to) => {
    const paths = shortestPaths(from, to, flags);
    expect(paths.length).toBeLessThanOrEqual(1);
    expect(pathOrCode(from, to, flags)).toEqual(paths[0] ?? 'EINVAL');
  });

  test('each step is an arc the driver implements', () => {
    const arcs = new Set(arcsOf(flags).map(([from, to]) => `${from}>${to}`));
    for (const [from, to] of PAIRS) {
      if (from === to || shortestPaths(from, to, flags).length === 0) continue;
      expect(arcs).toContain(`${from}>${nextState(from, to, flags)}`);
    }
  });

  test('each arc is used by some path', () => {
    const used = new Set<string>();
    for (const [from, to] of PAIRS) {
      const path = pathOrCode(from, to, flags);
      if (Array.isArray(path)) [from, ...path].reduce((a, b) => (used.add(`${a}>${b}`), b));
    }
    expect(used).toEqual(new Set(arcsOf(flags).map(([from, to]) => `${from}>${to}`)));
  });
});

const NAMED: readonly [MigrationState, MigrationState, number, readonly MigrationState[]][] = [
  ['RUNNING', 'STOP_COPY', 7, ['RUNNING_P2P', 'STOP', 'STOP_COPY']],
  ['RUNNING', 'STOP_COPY', 1, ['STOP', 'STOP_COPY']],
  ['PRE_COPY', 'STOP_COPY', 7, ['PRE_COPY_P2P', 'STOP_COPY']],
  ['PRE_COPY', 'STOP_COPY', 5, ['STOP_COPY']],
  ['PRE_COPY', 'STOP', 5, ['RUNNING', 'STOP']],
  ['RESUMING', 'PRE_COPY', 5, ['STOP', 'RUNNING', 'PRE_COPY']],
  ['STOP', 'PRE_COPY_P2P', 7, ['RUNNING_P2P', 'PRE_COPY_P2P']],
];

test.each(NAMED)('%s to %s with flags %i goes over %j', (from, to, flags, path) => {
  expect(migrationPath(from, to, flags)).toEqual(path);
});

test('from a state to itself there is nothing to do', () => {
  expect(nextState('STOP', 'STOP', 7)).toBe('STOP');
  expect(migrationPath('STOP', 'STOP', 7)).toEqual([]);
});

test.each(ALL_STATES)('ERROR is not a target from %s', (state) => {
  expect(pathOrCode(state, 'ERROR', 7)).toBe('EINVAL');
});

test.each(ALL_STATES)('no arc leads from ERROR to %s', (state) => {
  expect(pathOrCode('ERROR', state, 7)).toBe('EINVAL');
});
