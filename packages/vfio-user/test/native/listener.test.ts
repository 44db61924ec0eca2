import { existsSync, mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/connect.ts';
import { Listener } from '../../src/listener.ts';
import { OwnedFd } from '../../src/fd.ts';
import type { EventLoop } from '../../src/loop.ts';
import * as libc from '../../src/native/libc.ts';
import type { SocketTransport } from '../../src/transport-socket.ts';
import { BlockingTransport } from '../../src/transport-blocking.ts';
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
let errors: unknown[];
let before: number;
let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  before = openFds();
  folder = temporaryFolder();
  path = join(folder.path, 'sock');
  ({ loop, errors } = testLoop());
});

afterEach(async () => {
  loop.close();
  folder[Symbol.dispose]();
  await turns(2);
  expectFds(before);
});

const nobody = (): void => undefined;

/** Leaves a socket file behind as a killed process does. */
function staleSocket(at: string): void {
  using socket = new OwnedFd(libc.socketUnix());
  libc.bindUnix(socket.number, at);
}

test('a client that connects is handed over and can talk', async () => {
  const got = new Collector();
  const taken: SocketTransport[] = [];
  using listener = new Listener(path, loop, (transport) => {
    taken.push(transport);
    transport.start(got);
  });
  expect(listener.path).toBe(path);
  const client = connect(path, loop);
  client.start(new Collector());
  client.send(frame(32), 32);
  await until(() => got.frames.length === 1);
  expect(taken[0]?.peer.pid).toBe(process.pid);
  client.close();
  await until(() => got.ends.length === 1);
});

test('the file is for its owner alone, whatever the umask', () => {
  const umask = process.umask(0);
  using _ = new Listener(path, loop, nobody);
  process.umask(umask);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('close removes the file and ends listening', () => {
  const listener = new Listener(path, loop, nobody);
  listener.close();
  listener.close();
  expect(existsSync(path)).toBe(false);
  expect(() => connect(path, loop)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

test('close leaves a file that has taken the place of its own', () => {
  const listener = new Listener(path, loop, nobody);
  renameSync(path, `${path}.old`);
  using other = new Listener(path, loop, nobody);
  listener.close();
  expect(existsSync(other.path)).toBe(true);
});

test('the socket file of a process that is gone is replaced', () => {
  staleSocket(path);
  using _ = new Listener(path, loop, nobody);
  using client = BlockingTransport.connect(path);
  expect(client).toBeDefined();
});

test('a socket that somebody listens at is EADDRINUSE and stays', () => {
  using _ = new Listener(path, loop, (transport) => transport.close());
  expect(() => new Listener(path, loop, nobody)).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE' }),
  );
  using client = BlockingTransport.connect(path);
  expect(client).toBeDefined();
});

test.for(['file', 'folder', 'link'] as const)('a %s is not replaced: EADDRINUSE', (kind) => {
  const target = join(folder.path, 'target');
  staleSocket(target);
  if (kind === 'file') writeFileSync(path, 'x');
  else if (kind === 'folder') mkdirSync(path);
  else symlinkSync(target, path);
  expect(() => new Listener(path, loop, nobody)).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE' }),
  );
  expect(existsSync(path)).toBe(true);
});

test.for([
  ['too long', 'x'.repeat(108), 'EINVAL'],
  ['too long in bytes', 'é'.repeat(54), 'EINVAL'],
  ['empty', '', 'EINVAL'],
  ['with a zero byte', 'a\0b', 'EINVAL'],
  ['in a folder that is not there', '/nowhere/at/all', 'ENOENT'],
] as const)('a path that is %s throws', ([, bad, code]) => {
  expect(() => new Listener(bad, loop, nobody)).toThrow(expect.objectContaining({ code }));
  expect(loop.size).toBe(0);
});

test('a path of 107 bytes can be listened at', () => {
  const long = join(folder.path, 'x'.repeat(107 - folder.path.length - 1));
  using listener = new Listener(long, loop, nobody);
  expect(listener.path).toHaveLength(107);
});

test('a handler that throws closes its connection and is reported; the next is served', async () => {
  const reported: unknown[] = [];
  const got = new Collector();
  let count = 0;
  using _ = new Listener(
    path,
    loop,
    (transport) => {
      if (++count === 1) throw new Error('refused');
      transport.start(got);
    },
    { onError: (error) => reported.push(error) },
  );
  const [first, second] = [new Collector(), new Collector()];
  const clients = [connect(path, loop), connect(path, loop)];
  clients[0]?.start(first);
  clients[1]?.start(second);
  clients[1]?.send(frame(32), 32);
  await until(() => first.ends.length === 1 && got.frames.length === 1);
  expect(reported).toEqual([new Error('refused')]);
  clients[1]?.close();
  await until(() => got.ends.length === 1);
  expect(errors).toEqual([]);
});

test('many clients that come at once are all taken', async () => {
  const got = new Collector();
  using _ = new Listener(path, loop, (transport) => transport.start(got), { backlog: 64 });
  const clients = Array.from({ length: 40 }, () => BlockingTransport.connect(path));
  await until(() => loop.size === 41);
  for (const client of clients) client.close();
  await until(() => got.ends.length === 40);
  expect(got.ends.every((error) => error === undefined)).toBe(true);
});

test('connecting where nobody listens throws ECONNREFUSED', () => {
  staleSocket(path);
  expect(() => connect(path, loop)).toThrow(expect.objectContaining({ code: 'ECONNREFUSED' }));
});
