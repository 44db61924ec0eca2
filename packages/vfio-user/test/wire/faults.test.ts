// Each system call of a whole attachment fails in each way it can, one at a time. Nothing may be left behind, and the
// next client is served.

import { afterAll, describe, expect, test } from 'vitest';
import { ERRNO, VfioError, type ErrnoCode } from '@vfio-ts/core';
import { VfioUserClient } from '../../src/client.ts';
import { connect } from '../../src/connect.ts';
import { EventFd } from '../../src/eventfd.ts';
import { OwnedFd } from '../../src/fd.ts';
import { LinuxClock } from '../../src/host.ts';
import { linuxClientHost } from '../../src/linux-host.ts';
import { MemfdBackend } from '../../src/memfd.ts';
import { interceptCalls, type CallName } from '../../src/native/faults.ts';
import * as libc from '../../src/native/libc.ts';
import { serveDevice } from '../../src/serve.ts';
import type { VfioUserServer } from '../../src/server.ts';
import { openFds, until } from '../native/support.ts';
import { bytesOf, dmaMap } from './support/payloads.ts';
import { PAGE, RW, Served } from './support/served.ts';

const [EVENTFD, UNMASK, TRIGGER] = [4, 0x10, 0x20];

/** What each call can fail with. */
const FAILURES: readonly (readonly [call: CallName, codes: readonly ErrnoCode[]])[] = [
  ['socket', ['EMFILE', 'ENFILE', 'ENOMEM']],
  ['bind', ['EADDRINUSE', 'EACCES', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG']],
  ['listen', ['EADDRINUSE']],
  ['accept4', ['EMFILE', 'ENFILE', 'ENOMEM', 'EINTR', 'EAGAIN']],
  ['connect', ['ECONNREFUSED', 'EACCES', 'EINTR', 'EAGAIN']],
  ['sendFrom', ['EPIPE', 'ECONNRESET', 'ENOMEM', 'EINTR', 'EAGAIN']],
  ['sendmsg', ['EPIPE', 'ETOOMANYREFS', 'ENOMEM', 'EINTR', 'EAGAIN']],
  ['recvmsg', ['ECONNRESET', 'ENOMEM', 'EINTR', 'EAGAIN']],
  ['setsockopt', ['ENOMEM']],
  ['getsockopt', ['ENOMEM']],
  ['epoll_ctl', ['ENOMEM', 'ENOSPC']],
  ['epoll_wait', ['EINTR', 'EBADF']],
  ['eventfd', ['EMFILE', 'ENFILE', 'ENOMEM']],
  ['memfd_create', ['EMFILE', 'ENOMEM']],
  ['fcntl', ['EMFILE', 'EINVAL']],
  ['ftruncate', ['EINTR', 'ENOSPC']],
  ['statx', ['EACCES', 'ENOMEM']],
  ['fstatfs', ['EIO', 'ENOSYS']],
  ['readlink', ['EACCES', 'ENOENT']],
  ['unlink', ['EACCES', 'EROFS', 'ENOENT']],
  ['chmod', ['EPERM', 'EROFS']],
  ['mmap', ['ENOMEM', 'EACCES']],
  ['munmap', ['ENOMEM']],
  ['read', ['EINTR', 'EAGAIN', 'EIO']],
  ['pread', ['EINTR', 'EIO']],
  ['pwrite', ['EINTR', 'ENOSPC', 'EIO']],
  ['close', ['EINTR', 'EIO']],
  ['io_submit', ['EAGAIN', 'EINVAL']],
];
/** Of what is called often, as many are failed one by one, and of the rest every tenth. */
const EACH = 8;

/** Fails one call and keeps count of all. */
class Fault implements Disposable {
  readonly counts = new Map<CallName, number>();
  isOn = true;
  /** Mappings made and not taken back. */
  mapped = 0;
  readonly #interception: Disposable;

  constructor(name?: CallName, errno: number = 0, at: number = 0) {
    this.#interception = interceptCalls((call) => {
      const count = this.of(call);
      // Another client's calls are not counted, but for what they map.
      const isIt = this.isOn && call === name && count === at;
      if (call === 'mmap' && !isIt) this.mapped++;
      if (call === 'munmap') this.mapped--;
      if (this.isOn) this.counts.set(call, count + 1);
      return isIt ? errno : 0;
    });
  }

  of(call: CallName): number {
    return this.counts.get(call) ?? 0;
  }

  [Symbol.dispose](): void {
    this.#interception[Symbol.dispose]();
  }
}

const fixture = new Served({}, { turn: 0 });
const path = `${fixture.folder.path}/faults.sock`;
const clock = new LinuxClock();
const host = linuxClientHost(clock, fixture.logger);

afterAll(() => {
  // What the loop was told of faults.
  fixture.errors.length = 0;
  return fixture[Symbol.asyncDispose]();
});

function serve(): VfioUserServer {
  const { loop, vdev } = fixture;
  return serveDevice(vdev, { path, loop, allowPeer: () => true, onError: () => undefined });
}

function attach(): Promise<VfioUserClient> {
  return VfioUserClient.attach(connect(path, fixture.loop), { host, timeout: 2000 });
}

/** An attachment with everything in it. */
async function use(): Promise<void> {
  await using client = await attach();
  await client.getInfo();
  const bar = await client.mmap(2, PAGE, PAGE);
  bar.unmap();
  using ram = new MemfdBackend().alloc('ram', 2 * PAGE);
  await client.mapDma({ iova: 0, size: 2 * PAGE, flags: RW, memory: ram });
  using unsealed = new OwnedFd(libc.memfdCreate('unsealed'));
  libc.ftruncate(unsealed.number, PAGE);
  await client.request(2, dmaMap(0x10000, PAGE), [unsealed]);
  using mine = EventFd.create();
  const signals = (): EventFd[] => [shared(mine)];
  await send(client, EVENTFD | TRIGGER, 2, signals);
  await send(client, EVENTFD | UNMASK, 0, signals);
  using ioFds = await client.getRegionIoFds(0);
  expect(ioFds.fds).toHaveLength(3);
  mine.read();
  await client.write(0, 0, bytesOf(5));
  await client.write(0, 0, bytesOf(0x10005));
  await client.write(2, PAGE, new Uint8Array(0x20000));
  await client.unmapDma({ iova: 0, size: 2 * PAGE });
  await client.reset();
}

function shared(event: EventFd): EventFd {
  const fd = event.fd.dup();
  try {
    return new EventFd(fd);
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** Signals are the client's own until the request has succeeded. */
async function send(
  client: VfioUserClient,
  flags: number,
  index: number,
  make: () => EventFd[],
): Promise<void> {
  const signals = make();
  const start = index === 2 ? 1 : 0;
  try {
    await client.setIrqs({ flags, index, start, count: signals.length, signals });
  } catch (error) {
    for (const signal of signals) signal.close();
    throw error;
  }
}

/** Serves, uses, serves another client, ends. Whatever fails has to fail with an error of this project. */
async function run(fault: Fault): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (step: () => unknown): Promise<void> => {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  };
  let server: VfioUserServer | undefined;
  using _ = fault;
  await attempt(() => (server = serve()));
  if (server !== undefined) {
    await attempt(use);
    await until(() => server?.connections === 0);
    fault.isOn = false;
    await serveNext();
    await until(() => server?.connections === 0);
    fault.isOn = true;
  }
  await attempt(() => server?.close());
  for (const error of failures.flatMap(all)) expect(error).toBeInstanceOf(VfioError);
}

async function serveNext(): Promise<void> {
  await using client = await attach();
  await client.read(0, 0, new Uint8Array(4));
}

function all(error: unknown): readonly unknown[] {
  return error instanceof SuppressedError ? [error.error, error.suppressed].flatMap(all) : [error];
}

// What is made once and kept is made now.
await run(new Fault());
const clean = new Fault();
await run(clean);
const leaksBefore = fixture.core.leaks().length;
const loopErrors = fixture.errors.length;

describe('a run in which nothing fails', () => {
  test('makes every call that is going to fail, and takes back what it maps', () => {
    const never = FAILURES.filter(([call]) => clean.of(call) === 0).map(([call]) => call);
    expect(never).toEqual([]);
    expect(clean.mapped).toBe(0);
    expect(loopErrors).toBe(0);
  });
});

const cases = FAILURES.flatMap(([call, codes]) => codes.map((code) => [call, code] as const));
test.for(cases)('%s that fails with %s leaves nothing behind', async ([call, code]) => {
  const count = clean.of(call);
  const fdsBefore = openFds();
  for (let at = 0; at < count; at += at < EACH ? 1 : 10) {
    const fault = new Fault(call, ERRNO[code], at);
    // oxlint-disable-next-line no-await-in-loop
    await run(fault);
    const left = {
      at,
      mapped: fault.mapped,
      fds: openFds(),
      leaks: fixture.core.leaks().length,
      connections: fixture.server.connections,
    };
    expect(left).toEqual({ at, mapped: 0, fds: fdsBefore, leaks: leaksBefore, connections: 0 });
  }
});
