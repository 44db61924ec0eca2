import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ERRNO } from '@vfio-ts/core';
import { connect, socketPair } from '../../src/connect.ts';
import { EventFd } from '../../src/eventfd.ts';
import { OwnedFd } from '../../src/fd.ts';
import { Listener } from '../../src/listener.ts';
import { EventLoop } from '../../src/loop.ts';
import { mapClientMemory } from '../../src/mapping.ts';
import { MemfdMemory } from '../../src/memfd.ts';
import { type CallName, interceptCalls } from '../../src/native/faults.ts';
import * as libc from '../../src/native/libc.ts';
import { PAGE_SIZE } from '../../src/native/memory.ts';
import { SocketTransport } from '../../src/transport-socket.ts';
import {
  Collector,
  frame,
  expectFds,
  openFds,
  temporaryFolder,
  testLoop,
  turns,
  until,
} from './support.ts';

let loop: EventLoop;
let before: number;

beforeEach(() => {
  before = openFds();
  ({ loop } = testLoop());
});

afterEach(async () => {
  loop.close();
  await turns(2);
  expectFds(before);
});

/** Makes every call of `name` fail, from call number `from` on. */
function failing(name: CallName, errno: number, from = 0): Disposable {
  let calls = 0;
  return interceptCalls((call) => (call === name && calls++ >= from ? errno : 0));
}

function nobody(): void {}

function clientMemory(): void {
  using memory = new MemfdMemory('client', PAGE_SIZE);
  using fd = memory.fd.dup();
  mapClientMemory(fd, 0, PAGE_SIZE, { read: true, write: true }, 'sealed');
}

describe('making a thing fails with the errno of the call and leaves nothing open', () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());
  const path = join(folder.path, 'sock');
  const makers: readonly (readonly [string, readonly CallName[], () => unknown])[] = [
    ['a memfd', ['memfd_create', 'ftruncate', 'fcntl', 'mmap'], () => new MemfdMemory('m', 1)],
    ['an eventfd', ['eventfd'], () => EventFd.create()],
    ['a loop', ['epoll_create1', 'mmap'], () => new EventLoop()],
    ['client memory', ['statx'], clientMemory],
    ['a socket pair', ['socketpair', 'fcntl', 'setsockopt', 'mmap'], () => socketPair(loop)],
    ['a connection', ['socket', 'connect'], () => connect(path, loop)],
    [
      'a listener',
      ['socket', 'statx', 'bind', 'chmod', 'listen', 'epoll_ctl'],
      () => new Listener(path, loop, nobody),
    ],
  ];
  const cases = makers.flatMap(([what, calls, make]) =>
    calls.map((call) => ({ what, call, make })),
  );
  test.for(cases)('$what when $call fails', ({ call, make }) => {
    using _ = failing(call, ERRNO.ENOMEM);
    expect(make).toThrow(expect.objectContaining({ code: 'ENOMEM' }));
    expect(loop.size).toBe(0);
  });
});

test('a number the table does not have becomes EIO that names it', () => {
  using _ = failing('eventfd', 74);
  expect(() => EventFd.create()).toThrow('EIO: eventfd: counter 0, errno 74');
});

test('an interrupted call is made again', () => {
  let interruptions = 3;
  using event = EventFd.create();
  event.signal();
  using _ = interceptCalls((call) => (call === 'read' && interruptions-- > 0 ? ERRNO.EINTR : 0));
  expect(event.read()).toBe(1);
});

test('disposing puts the calls back', () => {
  failing('eventfd', ERRNO.EMFILE)[Symbol.dispose]();
  expect(() => EventFd.create().close()).not.toThrow();
});

test('a failing signal does not throw', () => {
  using event = EventFd.create();
  const answers: Partial<Record<CallName, number>> = { io_submit: ERRNO.EIO, write: ERRNO.EIO };
  using _ = interceptCalls((call) => answers[call] ?? 0);
  expect(() => event.signal()).not.toThrow();
});

test.for(['ECONNRESET', 'ENOMEM', 'EIO'] as const)(
  'a receive that fails with %s ends the connection',
  async (code) => {
    const [a, b] = socketPair(loop);
    const got = new Collector();
    a.start(got);
    b.start(new Collector());
    using _ = failing('recvmsg', ERRNO[code]);
    b.send(frame(32), 32);
    await until(() => got.ends.length === 1);
    expect(got.ends[0]?.code).toBe(code);
    b.close();
  },
);

test('a send that fails for want of memory throws and leaves the connection', () => {
  const [a, b] = socketPair(loop);
  const got = new Collector();
  a.start(got);
  {
    using _ = failing('sendFrom', ERRNO.ENOMEM);
    expect(() => a.send(frame(32), 32)).toThrow(expect.objectContaining({ code: 'ENOMEM' }));
  }
  a.send(frame(32), 32);
  expect(got.ends).toEqual([]);
  a.close();
  b.close();
});

test('descriptors that cannot be kept for later are not lost: EMFILE, nothing queued', () => {
  const [a, b] = socketPair(loop);
  a.start(new Collector());
  using event = EventFd.create();
  const answers: Partial<Record<CallName, number>> = { sendmsg: ERRNO.EAGAIN, fcntl: ERRNO.EMFILE };
  using _ = interceptCalls((call) => answers[call] ?? 0);
  expect(() => a.send(frame(48), 48, [event.fd])).toThrow(
    expect.objectContaining({ code: 'EMFILE' }),
  );
  expect(a.queuedBytes).toBe(0);
  a.close();
  b.close();
});

test('an accept that fails is reported and the next client is taken', async () => {
  const reported: unknown[] = [];
  using folder = temporaryFolder();
  const got = new Collector();
  const path = join(folder.path, 'sock');
  using _ = new Listener(path, loop, (transport) => transport.start(got), {
    onError: (error) => reported.push(error),
  });
  const client = connect(path, loop);
  client.start(new Collector());
  const fault = failing('accept4', ERRNO.EMFILE);
  await until(() => reported.length > 0);
  fault[Symbol.dispose]();
  expect(reported[0]).toMatchObject({ code: 'EMFILE' });
  client.send(frame(32), 32);
  await until(() => got.frames.length === 1);
  client.close();
  await until(() => got.ends.length === 1);
});

test('descriptors lost by the kernel end the connection, and those that came are closed', async () => {
  const [a, b] = libc.socketpairUnix();
  const transport = new SocketTransport(new OwnedFd(a), loop);
  const got = new Collector();
  transport.start(got);
  const { lowerFdLimit } = await import('./limits.ts');
  using peer = new OwnedFd(b);
  using event = EventFd.create();
  {
    using _ = lowerFdLimit(2);
    const { sendWithFds } = await import('../../src/native/message.ts');
    const fds = Array.from({ length: 10 }, () => event.fd.number);
    sendWithFds(peer.number, frame(48), 48, fds, 0);
    await until(() => got.ends.length === 1);
  }
  expect(got.ends[0]?.code).toBe('EMFILE');
  expect(got.frames).toEqual([]);
});
