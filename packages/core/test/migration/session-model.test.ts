import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isErrno, type MigrationState } from '../../src/index.ts';
import { stateData } from '../../src/migration/states.ts';
import { openStreams, setUp, thrownBy } from './fixture.ts';
import { ALL_STATES, shortestPaths } from './model.ts';

type Step =
  | { readonly op: 'reset' }
  | { readonly op: 'end' }
  | {
      readonly op: 'set';
      readonly to: MigrationState;
      /** The arc that fails, counted from 0. */
      readonly failAt: number | undefined;
      readonly failInto: 'ERROR' | undefined;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<Step>({ op: 'reset' }, { op: 'end' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('set' as const),
      to: fc.constantFrom(...ALL_STATES),
      failAt: fc.option(fc.nat(3), { nil: undefined }),
      failInto: fc.option(fc.constant('ERROR' as const), { nil: undefined }),
    }),
  },
);

/** Does the step; gives the state the rules lead to, and whether it threw what it should. */
function run({ driver, session }: ReturnType<typeof setUp>, flags: number, action: Step) {
  const before = driver.state;
  if (action.op === 'end') {
    session.end();
    return { expected: before, asPlanned: true };
  }
  if (action.op === 'reset') {
    driver.state = 'RUNNING';
    session.reset();
    return { expected: 'RUNNING', asPlanned: true };
  }
  const [path] = shortestPaths(before, action.to, flags);
  const start = driver.arcs.length;
  driver.onArc = (from, to) => {
    if (driver.arcs.length - start - 1 !== action.failAt) return driver.succeed(from, to);
    driver.state = action.failInto ?? from;
    throw new Error('planned');
  };
  const failure = thrownBy(() => session.setState(action.to));
  if (path === undefined) {
    return { expected: before, asPlanned: isErrno(failure, 'EINVAL') };
  }
  const { failAt } = action;
  if (failAt === undefined || failAt >= path.length) {
    return { expected: action.to, asPlanned: failure === undefined };
  }
  const left = action.failInto ?? path[failAt - 1] ?? before;
  return { expected: left, asPlanned: failure !== undefined };
}

test('whatever happens, the state is as the rules say and at most its own stream is open', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 3, 5, 7), fc.array(step), (flags, steps) => {
      const all = setUp(flags);
      for (const action of steps) {
        const { expected, asPlanned } = run(all, flags, action);
        expect(asPlanned).toBe(true);
        expect(all.driver.state).toBe(expected);
        const { stream } = all.session;
        expect([undefined, stateData(all.driver.state)]).toContain(stream?.direction);
        expect(openStreams(all.driver)).toBe(stream === undefined ? 0 : 1);
        expect(all.tracker.list()).toHaveLength(openStreams(all.driver));
      }
    }),
  );
});
