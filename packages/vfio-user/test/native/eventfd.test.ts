import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ERRNO } from '@vfio-ts/core';
import { EventFd, isEventFd } from '../../src/eventfd.ts';
import { OwnedFd } from '../../src/fd.ts';
import { O_NONBLOCK } from '../../src/native/constants.ts';
import { interceptCalls } from '../../src/native/faults.ts';
import * as libc from '../../src/native/libc.ts';
import { fdCensus, temporaryFolder } from './support.ts';

const MAX_COUNTER = 0xfffffffffffffffen;

test('every signal adds one and read takes them all', () => {
  using _ = fdCensus();
  using event = EventFd.create();
  event.signal();
  event.signal();
  expect(event.read()).toBe(2);
  expect(event.read()).toBe(0);
});

test('a signal goes through a descriptor that was received', () => {
  using _ = fdCensus();
  using owner = EventFd.create();
  using copy = new EventFd(owner.fd.dup());
  copy.signal();
  expect(owner.read()).toBe(1);
});

test('a signal at the maximum of the counter neither blocks nor throws', () => {
  using event = EventFd.create();
  event.add(MAX_COUNTER);
  event.signal();
  expect(BigInt(event.read())).toBeGreaterThan(2n ** 63n);
});

/** An eventfd as a client may give it: in blocking mode. */
function blockingEventFd(): OwnedFd {
  const fd = new OwnedFd(libc.eventfd());
  libc.setStatusFlags(fd.number, libc.statusFlags(fd.number) & ~O_NONBLOCK);
  return fd;
}

test('a signal does not block on a full eventfd in blocking mode', () => {
  using event = new EventFd(blockingEventFd());
  event.add(MAX_COUNTER);
  event.signal();
  event.signal();
  expect(BigInt(event.read())).toBeGreaterThan(2n ** 63n);
});

test('a trusted eventfd that comes in blocking mode is left so: the peer may wait in it', () => {
  using event = new EventFd(blockingEventFd(), 'trusted');
  event.signal();
  expect(libc.statusFlags(event.fd.number) & O_NONBLOCK).toBe(0);
  expect(event.read()).toBe(1);
});

test('a trusted eventfd is signalled by a plain write, a guarded one is not', () => {
  const calls: string[] = [];
  using trusted = new EventFd(new OwnedFd(libc.eventfd()), 'trusted');
  using guarded = EventFd.create();
  {
    using _ = interceptCalls((call) => {
      calls.push(call);
      return 0;
    });
    trusted.signal();
    guarded.signal();
  }
  expect(calls).toEqual(['write', 'io_submit']);
  expect([trusted.read(), guarded.read()]).toEqual([1, 1]);
});

test('a signal does not block on an eventfd whose peer makes it blocking afterwards', () => {
  using event = EventFd.create();
  event.add(MAX_COUNTER);
  libc.setStatusFlags(event.fd.number, libc.statusFlags(event.fd.number) & ~O_NONBLOCK);
  event.signal();
  expect(BigInt(event.read())).toBeGreaterThan(2n ** 63n);
});

test('the mode that a client waits in is left as it is', () => {
  using event = new EventFd(blockingEventFd());
  expect(libc.statusFlags(event.fd.number) & O_NONBLOCK).toBe(0);
});

test('more signals than the kernel keeps account of all count', () => {
  using event = EventFd.create();
  for (let count = 0; count < 1000; count++) event.signal();
  expect(event.read()).toBe(1000);
});

test('a signal is written where the kernel has no other way', () => {
  using event = EventFd.create();
  using _ = interceptCalls((call) => (call === 'io_submit' ? ERRNO.EAGAIN : 0));
  event.signal();
  expect(event.read()).toBe(1);
});

test('a signal after close does nothing', () => {
  using _ = fdCensus();
  const event = EventFd.create();
  event.close();
  expect(() => event.signal()).not.toThrow();
});

test("a socket is refused with EINVAL and stays the caller's", () => {
  const [a, b] = libc.socketpairUnix();
  using socket = new OwnedFd(a);
  using _ = new OwnedFd(b);
  expect(() => new EventFd(socket)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  expect(socket.number).toBe(a);
});

test('a regular file is refused with EINVAL and not written to', () => {
  using _ = fdCensus();
  using folder = temporaryFolder();
  const number = openSync(join(folder.path, 'anon_inode:[eventfd]'), 'w');
  expect(() => new EventFd(new OwnedFd(number))).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  );
  expect(fstatSync(number).size).toBe(0);
  closeSync(number);
});

test.for(['/dev/null', '/proc/self/status', '/proc/self'])('%s is no eventfd', (path) => {
  using fd = new OwnedFd(openSync(path, 'r'));
  expect(isEventFd(fd)).toBe(false);
});

test('a memfd with the name of an eventfd is no eventfd', () => {
  using fd = new OwnedFd(libc.memfdCreate('anon_inode:[eventfd]'));
  expect(isEventFd(fd)).toBe(false);
});

test('a closed descriptor is no eventfd', () => {
  const fd = new OwnedFd(libc.eventfd());
  fd.close();
  expect(isEventFd(fd)).toBe(false);
});

test('the kernel agrees on what an eventfd is', () => {
  using event = EventFd.create();
  const info = readFileSync(`/proc/self/fdinfo/${event.fd.number}`, 'utf8');
  expect(info).toContain('eventfd-count');
});
