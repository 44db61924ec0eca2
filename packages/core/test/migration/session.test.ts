import { describe, expect, test } from 'vitest';

import { type MigrationState, VfioError } from '../../src/index.ts';
import { fakeOps, fakeOpsWith } from './fake-driver.ts';
import {
  expectOneStreamFor,
  LIVE,
  PATHS,
  REFUSED,
  setUp,
  setUpIn,
  thrownBy,
  withCode,
} from './fixture.ts';
import { ALL_STATES } from './model.ts';

describe('setState', () => {
  test.each(PATHS)('$from to $to runs all arcs before it returns', ({ from, to, path }) => {
    const { driver, session } = setUpIn(from);
    session.setState(to);
    expect(driver.arcs).toEqual(path.map((state, i) => `${path[i - 1] ?? from}>${state}`));
    expect(session.state).toBe(to);
  });

  test.each(REFUSED)('%s to %s throws EINVAL and changes nothing', (from, to) => {
    const { driver, session } = setUpIn(from);
    expect(() => session.setState(to)).toThrow(withCode('EINVAL'));
    expect(driver.arcs).toEqual([]);
    expect(session.state).toBe(from);
    expectOneStreamFor(from, session, driver);
  });

  test.each(['RUNNING_P2P', 'PRE_COPY', 'PRE_COPY_P2P'] as const)(
    '%s without its flag throws EINVAL and changes nothing',
    (state) => {
      const { driver, session } = setUp(1);
      expect(() => session.setState(state)).toThrow(withCode('EINVAL'));
      expect(driver.arcs).toEqual([]);
    },
  );

  test('the target ERROR throws EINVAL', () => {
    expect(() => setUp().session.setState('ERROR')).toThrow(withCode('EINVAL'));
  });

  test('a device in ERROR takes no state', () => {
    const { driver, session, lines } = setUp();
    driver.state = 'ERROR';
    for (const state of ALL_STATES) {
      expect(() => session.setState(state)).toThrow(withCode('EINVAL'));
    }
    expect(lines).toEqual([]);
  });

  test('a device in a state its flags exclude throws EINVAL and is logged', () => {
    const { driver, session, lines } = setUp(1);
    driver.state = 'PRE_COPY';
    expect(() => session.setState('STOP')).toThrow(withCode('EINVAL'));
    expect(lines).toHaveLength(1);
  });

  test('a device without migration throws ENOTTY', () => {
    const { session, useOps } = setUp();
    useOps({ name: 'none' });
    expect(() => session.setState('STOP')).toThrow(withCode('ENOTTY'));
    expect(() => session.state).toThrow(withCode('ENOTTY'));
    expect(() => session.read(new Uint8Array(1))).toThrow(withCode('ENOTTY'));
  });

  test('a table exchanged under a session serves the next call', () => {
    const { session, useOps } = setUp(1);
    useOps(fakeOpsWith(7));
    session.setState('RUNNING_P2P');
    expect(session.state).toBe('RUNNING_P2P');
  });

  test('a call from inside an arc throws EBUSY', () => {
    const { driver, session } = setUp();
    driver.onArc = (from, to) => {
      expect(() => session.setState('STOP')).toThrow(withCode('EBUSY'));
      return driver.succeed(from, to);
    };
    session.setState('STOP');
    expect(driver.arcs).toEqual(['RUNNING>RUNNING_P2P', 'RUNNING_P2P>STOP']);
  });
});

/** Every arc of every path. */
const FAILURES = PATHS.flatMap(({ from, to, path }) =>
  path.map((_, step) => ({ from, to, step, left: path[step - 1] ?? from })),
);

describe('a failing arc', () => {
  test.each(FAILURES)('$from to $to, arc $step: $left stays', ({ from, to, step, left }) => {
    const { driver, session } = setUpIn(from);
    const failure = new VfioError('ENOMEM', 'driver', 'planned');
    driver.onArc = (a, b) => {
      if (driver.arcs.length > step) throw failure;
      return driver.succeed(a, b);
    };
    expect(thrownBy(() => session.setState(to))).toBe(failure);
    expect(session.state).toBe(left);
    expect(driver.arcs).toHaveLength(step + 1);
    expectOneStreamFor(left, session, driver);
    // The session is as usable as before.
    driver.onArc = undefined;
    session.setState(to);
    expect(session.state).toBe(to);
    expectOneStreamFor(to, session, driver);
  });

  test.each(FAILURES)('$from to $to, arc $step: ERROR ends the session', ({ from, to, step }) => {
    const { driver, session } = setUpIn(from);
    const failure = new TypeError('planned');
    driver.onArc = (a, b) => {
      if (driver.arcs.length <= step) return driver.succeed(a, b);
      driver.state = 'ERROR';
      throw failure;
    };
    expect(thrownBy(() => session.setState(to))).toBe(failure);
    expect(session.state).toBe('ERROR');
    expectOneStreamFor('ERROR', session, driver);
  });

  test('ERROR without an exception throws EIO and is logged', () => {
    const { driver, session, lines } = setUp();
    driver.onArc = () => {
      driver.state = 'ERROR';
      return undefined;
    };
    expect(() => session.setState('STOP')).toThrow(withCode('EIO'));
    expect(driver.arcs).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });

  test('an arc that stays where it was throws EIO and is not repeated', () => {
    const { driver, session } = setUp();
    driver.onArc = () => undefined;
    expect(() => session.setState('STOP')).toThrow(withCode('EIO'));
    expect(driver.arcs).toHaveLength(1);
  });

  test('a getState that fails as well does not hide the error', () => {
    const { session, useOps, lines } = setUp();
    let broken = false;
    useOps({
      name: 'fake',
      migration: {
        flags: 1,
        getState() {
          if (broken) throw new Error('no state');
          return 'RUNNING';
        },
        setState() {
          broken = true;
          throw new VfioError('ENOSPC', 'driver', 'planned');
        },
        getDataSize: () => 0,
      },
    });
    expect(() => session.setState('STOP')).toThrow(withCode('ENOSPC'));
    expect(lines).toHaveLength(1);
  });
});

describe('reset and end', () => {
  test.each(LIVE)('reset in %s ends the session', (state) => {
    const { driver, session } = setUp();
    const stream = session.setState(state);
    driver.state = 'RUNNING';
    session.reset();
    expect(session.state).toBe('RUNNING');
    expect(session.stream).toBeUndefined();
    expect(stream?.isOpen).not.toBe(true);
    expectOneStreamFor('RUNNING', session, driver);
  });

  test('after a reset from ERROR the device takes states again', () => {
    const { driver, session } = setUp();
    driver.state = 'ERROR';
    driver.state = 'RUNNING';
    session.reset();
    session.setState('STOP');
    expect(session.state).toBe('STOP');
  });

  test('a reset that leaves the device in ERROR throws EIO, the session has ended', () => {
    const { driver, session, lines } = setUpIn('STOP_COPY');
    driver.state = 'ERROR';
    expect(() => session.reset()).toThrow(withCode('EIO'));
    expect(driver.streams[0]?.closed).toBe(1);
    expect(lines).toHaveLength(1);
  });

  test('reset of a device without migration does nothing', () => {
    const { session, useOps } = setUp();
    useOps({ name: 'none' });
    expect(() => session.reset()).not.toThrow();
  });

  test('end closes the stream once', () => {
    const { driver, session, tracker } = setUpIn('STOP_COPY');
    session.end();
    session.end();
    expect(driver.streams[0]?.closed).toBe(1);
    expect(tracker.list()).toEqual([]);
  });

  test('end logs a close that throws', () => {
    const { driver, session, lines } = setUpIn('STOP_COPY');
    const [stream] = driver.streams;
    if (stream !== undefined) stream.closeFailure = new Error('planned');
    expect(() => session.end()).not.toThrow();
    expect(lines).toHaveLength(1);
  });
});

describe('dataSize', () => {
  test('is what the driver says', () => {
    expect(setUp().session.dataSize()).toBe(100);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('%s from the driver throws EIO', (size) => {
    const { driver, session } = setUp();
    driver.dataSize = size;
    expect(() => session.dataSize()).toThrow(withCode('EIO'));
  });
});

test('a driver that names no state throws EIO and is logged', () => {
  const { session, useOps, lines } = setUp();
  const { migration } = fakeOps;
  if (migration !== undefined) useOps({ name: 'fake', migration: { ...migration, getState: run } });
  expect(() => session.state).toThrow(withCode('EIO'));
  expect(lines).toHaveLength(1);
});

function run(): MigrationState {
  return JSON.parse('"RUN"');
}
