import { describe, expect, test } from 'vitest';

import { type MigrationState, VfioError } from '../../src/index.ts';
import { stateData } from '../../src/migration/states.ts';
import { FakeStream } from './fake-driver.ts';
import { expectOneStreamFor, LIVE, PATHS, setUp, setUpIn, thrownBy, withCode } from './fixture.ts';

describe('the contract of the stream', () => {
  const OPENING = [
    ['STOP', 'STOP_COPY'],
    ['STOP', 'RESUMING'],
    ['RUNNING', 'PRE_COPY'],
    ['RUNNING_P2P', 'PRE_COPY_P2P'],
  ] as const;

  test.each(OPENING)('%s to %s returns the stream', (from, to) => {
    const { session } = setUpIn(from);
    const stream = session.setState(to);
    expect(stream).toBe(session.stream);
    expect(stream?.direction).toBe(stateData(to));
  });

  test.each(OPENING)('%s to %s without a stream throws EIO and is logged', (from, to) => {
    const { driver, session, lines } = setUpIn(from);
    driver.onArc = () => {
      driver.state = to;
      return undefined;
    };
    expect(() => session.setState(to)).toThrow(withCode('EIO'));
    expect(lines).toHaveLength(1);
    expect(session.state).toBe(to);
    expect(() => session.read(new Uint8Array(1))).toThrow(withCode('EINVAL'));
    expect(() => session.write(new Uint8Array(1))).toThrow(withCode('EINVAL'));
  });

  test.each(OPENING)('%s to %s with a stream that cannot do it throws EIO', (from, to) => {
    const { driver, session, lines } = setUpIn(from);
    let closed = 0;
    driver.onArc = () => {
      driver.state = to;
      return { close: () => closed++ };
    };
    expect(() => session.setState(to)).toThrow(withCode('EIO'));
    expect(closed).toBe(1);
    expect(session.stream).toBeUndefined();
    expect(lines).toHaveLength(1);
  });

  const OTHERS = PATHS.filter(
    ({ from, to, path }) => path.length === 1 && !OPENING.some(([a, b]) => a === from && b === to),
  );

  test.each(OTHERS)('$from to $to with a stream throws EIO and closes it', ({ from, to }) => {
    const { driver, session, lines } = setUpIn(from);
    const extra = new FakeStream();
    driver.onArc = () => {
      driver.state = to;
      return extra;
    };
    expect(() => session.setState(to)).toThrow(withCode('EIO'));
    expect(extra.closed).toBe(1);
    expect(lines).toHaveLength(1);
    expectOneStreamFor(to, session, driver);
  });

  test('the open stream given again throws EIO and is closed once', () => {
    const { driver, session } = setUpIn('PRE_COPY', 5);
    driver.onArc = (_, to) => {
      driver.state = to;
      return driver.streams[0];
    };
    expect(() => session.setState('STOP_COPY')).toThrow(withCode('EIO'));
    expect(driver.streams[0]?.closed).toBe(1);
    expect(session.stream).toBeUndefined();
    session.end();
    expect(driver.streams[0]?.closed).toBe(1);
  });

  test('pre-copy and stop-copy are one stream', () => {
    const { driver, session } = setUp();
    const stream = session.setState('PRE_COPY');
    session.setState('PRE_COPY_P2P');
    session.setState('PRE_COPY');
    expect(session.setState('STOP_COPY')).toBeUndefined();
    expect(session.stream).toBe(stream);
    expect(driver.streams).toHaveLength(1);
    session.setState('RUNNING');
    expect(driver.streams[0]?.closed).toBe(1);
  });

  test('the open stream is listed while it lives', () => {
    const { session, tracker } = setUp();
    session.setState('STOP_COPY');
    expect(tracker.list()).toEqual([
      { kind: 'migration-stream', what: 'fake: migration data to save' },
    ]);
    session.setState('STOP');
    expect(tracker.list()).toEqual([]);
  });

  test('a close that throws comes out of setState, and the stream is gone', () => {
    const { driver, session, tracker } = setUp();
    session.setState('STOP_COPY');
    const failure = new VfioError('EIO', 'driver', 'planned');
    const [stream] = driver.streams;
    if (stream !== undefined) stream.closeFailure = failure;
    expect(thrownBy(() => session.setState('RUNNING'))).toBe(failure);
    expect(session.state).toBe('STOP');
    expect(session.stream).toBeUndefined();
    expect(tracker.list()).toEqual([]);
    session.setState('RUNNING');
    expect(stream?.closed).toBe(1);
  });
});

describe('read and write', () => {
  test.each(['STOP_COPY', 'PRE_COPY', 'PRE_COPY_P2P'] as const)('read in %s', (state) => {
    const into = bytes();
    expect(setUpIn(state).session.read(into)).toBe(3);
    expect([...into]).toEqual([1, 2, 3]);
  });

  test.each(without('STOP_COPY', 'PRE_COPY', 'PRE_COPY_P2P'))(
    'read in %s throws EINVAL',
    (state) => {
      expect(() => setUpIn(state).session.read(bytes())).toThrow(withCode('EINVAL'));
    },
  );

  test('write in RESUMING', () => {
    const { driver, session } = setUpIn('RESUMING');
    expect(session.write(Uint8Array.of(7, 8))).toBe(2);
    expect(driver.streams[0]?.written).toEqual([7, 8]);
  });

  test.each(without('RESUMING'))('write in %s throws EINVAL', (state) => {
    expect(() => setUpIn(state).session.write(bytes())).toThrow(withCode('EINVAL'));
  });

  test.each(['PRE_COPY', 'PRE_COPY_P2P'] as const)('precopyInfo in %s', (state) => {
    const { session } = setUpIn(state);
    expect(session.precopyInfo()).toEqual({ initialBytes: 10, dirtyBytes: 20 });
  });

  test.each(without('PRE_COPY', 'PRE_COPY_P2P'))('precopyInfo in %s throws EINVAL', (state) => {
    expect(() => setUpIn(state).session.precopyInfo()).toThrow(withCode('EINVAL'));
  });

  test('precopyInfo of a held stream throws EINVAL in STOP_COPY', () => {
    const { session } = setUp(5);
    const stream = session.setState('PRE_COPY');
    session.setState('STOP_COPY');
    expect(() => stream?.precopyInfo()).toThrow(withCode('EINVAL'));
  });

  test('precopyInfo of a driver without it throws ENOTTY', () => {
    const { driver, session } = setUp();
    driver.onArc = (_, to) => {
      driver.state = to;
      return { read: () => 0 };
    };
    session.setState('PRE_COPY');
    expect(() => session.precopyInfo()).toThrow(withCode('ENOTTY'));
  });

  test('a stream held past its session throws ENODEV on every access', () => {
    const { session } = setUp();
    const stream = session.setState('PRE_COPY');
    session.setState('RUNNING');
    expect(stream?.isOpen).toBe(false);
    expect(() => stream?.read(new Uint8Array(1))).toThrow(withCode('ENODEV'));
    expect(() => stream?.write(new Uint8Array(1))).toThrow(withCode('ENODEV'));
    expect(() => stream?.precopyInfo()).toThrow(withCode('ENODEV'));
  });

  test('a stream of an earlier session does not serve the next', () => {
    const { session } = setUp();
    const first = session.setState('STOP_COPY');
    session.setState('STOP');
    session.setState('STOP_COPY');
    expect(() => first?.read(new Uint8Array(1))).toThrow(withCode('ENODEV'));
    expect(session.read(new Uint8Array(1))).toBe(1);
  });

  test('a held stream refuses the other direction with EINVAL', () => {
    const { session } = setUp();
    const save = session.setState('STOP_COPY');
    expect(() => save?.write(new Uint8Array(1))).toThrow(withCode('EINVAL'));
    const restore = session.setState('RESUMING');
    expect(() => restore?.read(new Uint8Array(1))).toThrow(withCode('EINVAL'));
  });

  test('a driver that falls into ERROR by itself ends the session', () => {
    const { driver, session } = setUp();
    const stream = session.setState('STOP_COPY');
    driver.state = 'ERROR';
    expect(() => stream?.read(new Uint8Array(1))).toThrow(withCode('ENODEV'));
    expect(() => session.read(new Uint8Array(1))).toThrow(withCode('EINVAL'));
    expect(driver.streams[0]?.closed).toBe(1);
  });

  test('a driver that left STOP_COPY by itself gets its old stream closed', () => {
    const { driver, session, tracker } = setUpIn('STOP_COPY');
    const old = session.stream;
    driver.state = 'STOP';
    expect(session.setState('STOP_COPY')).not.toBe(old);
    expect(driver.streams.map(({ closed }) => closed)).toEqual([1, 0]);
    expect(tracker.list()).toHaveLength(1);
  });

  test("the driver's error comes out unchanged and the stream lives on", () => {
    const { driver, session } = setUpIn('PRE_COPY');
    const [stream] = driver.streams;
    const failure = new VfioError('ENOMSG', 'driver', 'temporary end');
    if (stream !== undefined) stream.failure = failure;
    expect(thrownBy(() => session.read(new Uint8Array(1)))).toBe(failure);
    if (stream !== undefined) stream.failure = undefined;
    expect(session.read(new Uint8Array(1))).toBe(1);
    expect(stream?.closed).toBe(0);
  });

  test.each([-1, 5, 0.5, Number.NaN])('a driver that moved %s of 4 bytes throws EIO', (count) => {
    const save = setUpIn('STOP_COPY');
    const restore = setUpIn('RESUMING');
    for (const { driver } of [save, restore]) {
      for (const stream of driver.streams) stream.count = count;
    }
    expect(() => save.session.read(new Uint8Array(4))).toThrow(withCode('EIO'));
    expect(() => restore.session.write(new Uint8Array(4))).toThrow(withCode('EIO'));
  });
});

function bytes(): Uint8Array {
  return new Uint8Array(3);
}

function without(...states: MigrationState[]): MigrationState[] {
  return LIVE.filter((state) => !states.includes(state));
}
