import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventFd } from '../../src/eventfd.ts';
import { EventLoop, type LoopOptions, type LoopSource } from '../../src/loop.ts';
import { OwnedFd } from '../../src/fd.ts';
import { interceptCalls } from '../../src/native/faults.ts';
import * as libc from '../../src/native/libc.ts';
import { socketPair } from '../../src/connect.ts';
import { Collector, frame, expectFds, openFds, turns, until } from './support.ts';

let openBefore: number;

beforeEach(() => {
  openBefore = openFds();
});

afterEach(async () => {
  await turns(2);
  expectFds(openBefore);
});

/** A clock that stands unless it is set. */
function standingClock(): { time: number; now: () => number } {
  const clock = { time: 0, now: () => clock.time };
  return clock;
}

/** A loop by a clock that stands: its own events alone count, as Node's would stay recent for ever. */
function standingLoop(options: Omit<LoopOptions, 'nodeEvents'> & { now: () => number }): EventLoop {
  return new EventLoop({ ...options, nodeEvents: () => 0 });
}

function source(event: EventFd, onReadable: () => void): LoopSource {
  return { fd: event.fd.number, onReadable };
}

test('a readable descriptor is reported until it was read', async () => {
  using loop = new EventLoop();
  using event = EventFd.create();
  let count = 0;
  loop.add(source(event, () => void (++count === 3 && event.read())));
  event.signal();
  await until(() => count >= 3);
  await turns(5);
  expect(count).toBe(3);
});

test('nothing is reported after remove', async () => {
  using loop = new EventLoop();
  using event = EventFd.create();
  let count = 0;
  const registration = loop.add(source(event, () => count++));
  event.signal();
  registration.remove();
  registration.remove();
  await turns(5);
  expect([count, loop.size]).toEqual([0, 0]);
});

test('a source removed by the handler before it is not called', async () => {
  using loop = new EventLoop();
  using first = EventFd.create();
  using second = EventFd.create();
  const called: string[] = [];
  const registrations = [
    loop.add(source(first, () => (called.push('first'), registrations[1]?.remove(), first.read()))),
    loop.add(
      source(second, () => (called.push('second'), registrations[0]?.remove(), second.read())),
    ),
  ];
  first.signal();
  second.signal();
  await until(() => called.length > 0);
  await turns(5);
  expect(called).toHaveLength(1);
});

test('an exception of a handler goes to its onError and the loop goes on', async () => {
  const loopErrors: unknown[] = [];
  using loop = new EventLoop({ onError: (error) => loopErrors.push(error) });
  using bad = EventFd.create();
  using unaware = EventFd.create();
  using good = EventFd.create();
  const errors: unknown[] = [];
  let count = 0;
  loop.add({
    fd: bad.fd.number,
    onReadable: () => {
      bad.read();
      throw new Error('bad');
    },
    onError: (error) => errors.push(error),
  });
  loop.add(
    source(unaware, () => {
      unaware.read();
      throw new Error('unaware');
    }),
  );
  loop.add(source(good, () => (count++, good.read())));
  bad.signal();
  unaware.signal();
  good.signal();
  await until(() => count === 1 && errors.length === 1 && loopErrors.length === 1);
  expect(errors).toEqual([new Error('bad')]);
  expect(loopErrors).toEqual([new Error('unaware')]);
});

test('an onError that throws harms nobody', async () => {
  using loop = new EventLoop();
  using bad = EventFd.create();
  let count = 0;
  loop.add({
    fd: bad.fd.number,
    onReadable: () => {
      count++;
      bad.read();
      throw new Error('bad');
    },
    onError: () => {
      throw new Error('worse');
    },
  });
  bad.signal();
  await until(() => count === 1);
  bad.signal();
  await until(() => count === 2);
  expect(loop.size).toBe(1);
});

test('a busy connection does not starve another', async () => {
  using loop = new EventLoop();
  const [a, b] = socketPair(loop);
  const [c, d] = socketPair(loop);
  const got = new Collector();
  for (const transport of [a, c]) transport.start(new Collector());
  // Answers itself for ever.
  b.start({
    frame: () => a.isOpen && a.send(frame(32), 32),
    malformed: () => undefined,
    closed: () => undefined,
  });
  d.start(got);
  a.send(frame(32), 32);
  await turns(20);
  c.send(frame(32), 32);
  await until(() => got.frames.length === 1);
  expect(got.frames).toHaveLength(1);
  for (const transport of [a, b, c, d]) transport.close();
});

test('a source that writes is told when there is room', async () => {
  using loop = new EventLoop();
  using event = EventFd.create();
  let count = 0;
  const registration = loop.add({
    fd: event.fd.number,
    onReadable: () => undefined,
    onWritable: () => {
      count++;
      registration.watch(true, false);
    },
  });
  registration.watch(true, true);
  await until(() => count > 0);
  await turns(5);
  expect(count).toBe(1);
});

test('wake calls onReadable of a source with nothing to read', async () => {
  using loop = new EventLoop();
  using event = EventFd.create();
  let count = 0;
  const registration = loop.add(source(event, () => count++));
  registration.wake();
  await until(() => count > 0);
  await turns(5);
  expect(count).toBe(1);
});

test('a hangup nobody reads is told to onHangup', async () => {
  using loop = new EventLoop();
  const [a, b] = libc.socketpairUnix();
  using near = new OwnedFd(a);
  using far = new OwnedFd(b);
  let count = 0;
  const registration = loop.add({
    fd: near.number,
    onReadable: () => undefined,
    onHangup: () => {
      count++;
      registration.remove();
    },
  });
  registration.watch(false, true);
  far.close();
  await until(() => count > 0);
  expect(count).toBe(1);
});

test('a source without onHangup is removed when its peer is gone', async () => {
  using loop = new EventLoop();
  const [a, b] = libc.socketpairUnix();
  using near = new OwnedFd(a);
  using far = new OwnedFd(b);
  loop.add({ fd: near.number, onReadable: () => undefined }).watch(false, true);
  far.close();
  await until(() => loop.size === 0);
  expect(near.number).toBe(a);
});

test('an idle loop makes no system call, and an event wakes it', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now, idleAfter: 4 });
  using event = EventFd.create();
  let count = 0;
  let idle = 0;
  loop.add({
    fd: event.fd.number,
    onReadable: () => (count++, event.read()),
    onIdle: () => idle++,
  });
  clock.time = 100;
  await until(() => idle === 1);
  let waits = 0;
  using _ = interceptCalls((call) => (call === 'epoll_wait' && waits++, 0));
  await turns(50);
  expect(waits).toBe(0);
  event.signal();
  await until(() => count === 1);
  expect(waits).toBeGreaterThan(0);
});

test('a source added while the loop sleeps is heard', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now, idleAfter: 4 });
  using first = EventFd.create();
  using second = EventFd.create();
  let idle = 0;
  let count = 0;
  loop.add({ fd: first.fd.number, onReadable: () => undefined, onIdle: () => idle++ });
  clock.time = 100;
  await until(() => idle === 1);
  second.signal();
  loop.add(source(second, () => (count++, second.read())));
  await until(() => count === 1);
  expect(second.read()).toBe(0);
});

test('promises settled by a handler that woke the loop run', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now });
  using event = EventFd.create();
  const { promise, resolve } = Promise.withResolvers<string>();
  let idle = 0;
  loop.add({
    fd: event.fd.number,
    onReadable: () => (event.read(), resolve('run')),
    onIdle: () => idle++,
  });
  clock.time = 100;
  await until(() => idle === 1);
  event.signal();
  await expect(promise).resolves.toBe('run');
});

test('what woke the process and what follows have the time of one turn', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now, turn: 1 });
  using event = EventFd.create();
  let idle = 0;
  const wasOver: boolean[] = [];
  const registration = loop.add({
    fd: event.fd.number,
    onReadable: () => {
      wasOver.push(loop.isTurnOver);
      clock.time += 1;
      if (wasOver.length === 3) registration.remove();
    },
    onIdle: () => idle++,
  });
  clock.time = 100;
  await until(() => idle === 1);
  event.signal();
  await until(() => wasOver.length === 3);
  expect(wasOver).toEqual([false, true, false]);
});

test('a turn that was never gone on with is not that of a later source', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now, turn: 1 });
  using event = EventFd.create();
  let idle = 0;
  const first = loop.add({
    ...source(event, () => first.remove()),
    onIdle: () => idle++,
  });
  clock.time = 100;
  await until(() => idle === 1);
  event.signal();
  await until(() => loop.size === 0);
  clock.time = 200;
  const wasOver: boolean[] = [];
  const second = loop.add(source(event, () => (wasOver.push(loop.isTurnOver), second.remove())));
  await until(() => loop.size === 0);
  expect(wasOver).toEqual([false]);
});

test('promises settled by a handler that ends the turn run before its time is up', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now });
  using event = EventFd.create();
  let calls = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const registration = loop.add(
    source(event, () => {
      calls++;
      resolve();
      if (calls < 1000) loop.endTurn();
      else registration.remove();
    }),
  );
  event.signal();
  await promise;
  registration.remove();
  expect(calls).toBe(1);
});

test('a busy loop gives Node a turn once its time is up', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now, turn: 1 });
  using event = EventFd.create();
  let calls = 0;
  const registration = loop.add(
    source(event, () => {
      calls++;
      clock.time += 0.25;
    }),
  );
  event.signal();
  await turns(1);
  const before = calls;
  await turns(1);
  registration.remove();
  expect(calls - before).toBeGreaterThan(1);
  expect(calls - before).toBeLessThanOrEqual(5);
});

/** A source that is sent bytes, and counts how it was asked to read them. */
function countingSource(loop: EventLoop): {
  send: () => void;
  counts: { reads: number; receives: number };
  close: () => void;
} {
  const [a, b] = libc.socketpairUnix();
  const bytes = new Uint8Array(1);
  const counts = { reads: 0, receives: 0 };
  const registration = loop.add({
    fd: a,
    onReadable: () => {
      libc.recv(a, bytes, 1, 0);
      counts.reads++;
    },
    receive: () => {
      counts.receives++;
      return false;
    },
  });
  return {
    send: () => void libc.send(b, bytes, 1, 0),
    counts,
    close: () => {
      registration.remove();
      libc.close(a);
      libc.close(b);
    },
  };
}

test('a connection whose messages follow closely is waited for in its own receive', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now });
  const { send, counts, close } = countingSource(loop);
  send();
  send();
  await until(() => counts.receives > 0);
  expect(counts.reads).toBe(2);
  close();
});

test('a connection whose messages are far apart is not waited for in its own receive', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now });
  const { send, counts, close } = countingSource(loop);
  for (const time of [3, 6]) {
    clock.time = time;
    send();
    // oxlint-disable-next-line no-await-in-loop -- one message after the other
    await until(() => counts.reads === time / 3);
    // oxlint-disable-next-line no-await-in-loop
    await turns(2);
  }
  expect(counts.receives).toBe(0);
  close();
});

test('a receive whose time was out is not waited for again', async () => {
  const clock = standingClock();
  using loop = standingLoop({ now: clock.now });
  const { send, counts, close } = countingSource(loop);
  send();
  send();
  await until(() => counts.receives > 0);
  await turns(5);
  expect(counts.receives).toBe(1);
  close();
});

test('two busy connections are waited for together', async () => {
  using loop = standingLoop({ now: () => 0 });
  using first = EventFd.create();
  using second = EventFd.create();
  let received = 0;
  let reads = 0;
  for (const event of [first, second]) {
    loop.add({
      fd: event.fd.number,
      onReadable: () => (event.read(), reads++),
      receive: () => (received++, false),
    });
  }
  // The clock stands, so both were busy a moment ago whenever it is asked.
  for (const event of [first, second]) event.signal();
  await until(() => reads === 2);
  received = 0;
  await turns(5);
  expect(received).toBe(0);
});

test('a plain file cannot be waited for: EPERM, and the loop has no source', () => {
  using loop = new EventLoop();
  using file = new OwnedFd(libc.memfdCreate('file'));
  expect(() => loop.add({ fd: file.number, onReadable: () => undefined })).toThrow(
    expect.objectContaining({ code: 'EPERM' }),
  );
  expect(loop.size).toBe(0);
});

test('a closed loop takes no source: ECANCELED', () => {
  const loop = new EventLoop();
  loop.close();
  loop.close();
  using event = EventFd.create();
  expect(() => loop.add(source(event, () => undefined))).toThrow(
    expect.objectContaining({ code: 'ECANCELED' }),
  );
});

test('a loop closed by a handler calls no other', async () => {
  const loop = new EventLoop();
  using first = EventFd.create();
  using second = EventFd.create();
  let count = 0;
  for (const event of [first, second]) {
    loop.add(source(event, () => (count++, loop.close())));
    event.signal();
  }
  await until(() => count > 0);
  await turns(5);
  expect(count).toBe(1);
});

test('a failing epoll_wait is reported and does not stop Node', async () => {
  const errors: unknown[] = [];
  using loop = new EventLoop({ onError: (error) => errors.push(error) });
  using event = EventFd.create();
  loop.add(source(event, () => undefined));
  using _ = interceptCalls((call) => (call === 'epoll_wait' ? 12 : 0));
  await until(() => errors.length > 0);
  expect(errors[0]).toMatchObject({ code: 'ENOMEM' });
});
