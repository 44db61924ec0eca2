import { expect } from 'vitest';

import type { ErrnoCode, MigrationState } from '../../src/index.ts';
import { LeakTracker } from '../../src/leaks.ts';
import { MigrationSession } from '../../src/migration/session.ts';
import { stateData } from '../../src/migration/states.ts';
import { FakeDriver, fakeOpsWith } from './fake-driver.ts';
import { ALL_STATES, shortestPaths } from './model.ts';

/** The states a device can be put into. */
export const LIVE = ALL_STATES.filter((state) => state !== 'ERROR');

const PAIRS = LIVE.flatMap((from) => LIVE.map((to) => [from, to] as const));

/** Pairs of states with the path between them, all optional states there. */
export const PATHS = PAIRS.flatMap(([from, to]) =>
  shortestPaths(from, to, 7).map((path) => ({ from, to, path })),
);

/** Pairs of states that no path joins. */
export const REFUSED = PAIRS.filter(([from, to]) => shortestPaths(from, to, 7).length === 0);

/** A session of a fake driver, in RUNNING. */
export function setUp(flags = 7) {
  const driver = new FakeDriver();
  const lines: string[] = [];
  const tracker = new LeakTracker(false);
  let ops = fakeOpsWith(flags);
  const session = new MigrationSession({
    ops: () => ops,
    self: driver,
    log: (message) => lines.push(message()),
    tracker,
  });
  const useOps = (other: typeof ops) => {
    ops = other;
  };
  return { driver, session, lines, tracker, useOps };
}

/** A session in `state`, with an empty record of arcs. */
export function setUpIn(state: MigrationState, flags = 7) {
  const all = setUp(flags);
  all.session.setState(state);
  all.driver.arcs.length = 0;
  return all;
}

/** Matches an error by its code. */
export const withCode = (code: ErrnoCode): unknown => expect.objectContaining({ code });

/** How many streams the driver has open; none may have been closed twice. */
export function openStreams(driver: FakeDriver): number {
  expect(driver.streams.every(({ closed }) => closed <= 1)).toBe(true);
  return driver.streams.filter(({ closed }) => closed === 0).length;
}

/** The stream that `state` carries is open, and no other. */
export function expectOneStreamFor(
  state: MigrationState,
  session: MigrationSession,
  driver: FakeDriver,
) {
  expect(session.stream?.direction).toBe(stateData(state));
  expect(openStreams(driver)).toBe(stateData(state) === undefined ? 0 : 1);
}

/** What `action` throws, itself. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
