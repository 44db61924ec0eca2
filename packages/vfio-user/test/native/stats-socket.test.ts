import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { Logger } from '@vfio-ts/core';
import { Counters } from '../../src/stats/counters.ts';
import { readStats, StatsSocket, statsPath } from '../../src/stats/socket.ts';
import type { ServerStats } from '../../src/stats/stats.ts';
import { openFds, temporaryFolder } from './support.ts';

const silent: Logger = { log: () => undefined };

function path(): string {
  const folder = temporaryFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  return statsPath(`${folder.path}/device.sock`);
}

function statsOf(device: string): ServerStats {
  const total = new Counters(performance).snapshot();
  return { device, uptime: 1, connections: 2, turnedAway: 0, total, sessions: [] };
}

test('statistics are beside the socket of the device', () => {
  expect(statsPath('/run/a.sock')).toBe('/run/a.sock.stats');
});

test('each connection gets what there is then', async () => {
  let count = 0;
  using socket = new StatsSocket(path(), () => statsOf(`vfio${count++}`), silent);
  expect(await readStats(socket.path)).toEqual(statsOf('vfio0'));
  expect(await readStats(socket.path)).toEqual(statsOf('vfio1'));
});

test('statistics that come later are told too', async () => {
  using socket = new StatsSocket(path(), () => Promise.resolve(statsOf('vfio0')), silent);
  expect(await readStats(socket.path)).toEqual(statsOf('vfio0'));
});

test('an answer longer than a socket holds arrives whole', async () => {
  const stats = statsOf('x'.repeat(4 << 20));
  using socket = new StatsSocket(path(), () => stats, silent);
  expect(await readStats(socket.path)).toEqual(stats);
});

test('the file can be opened by its owner alone, and goes with the socket', () => {
  const socket = new StatsSocket(path(), () => statsOf('vfio0'), silent);
  expect(statSync(socket.path).mode & 0o777).toBe(0o600);
  socket.close();
  expect(existsSync(socket.path)).toBe(false);
  socket.close();
});

test('close ends connections and gives descriptors back', async () => {
  using folder = temporaryFolder();
  // Node keeps what it opens for its first socket.
  new StatsSocket(`${folder.path}/first`, () => statsOf('vfio0'), silent).close();
  const before = openFds();
  const { promise } = Promise.withResolvers<ServerStats>();
  const socket = new StatsSocket(`${folder.path}/a.stats`, () => promise, silent);
  const client = connect(socket.path);
  await once(client, 'connect');
  socket.close();
  await once(client, 'close');
  expect(openFds()).toBe(before);
});

test('statistics that cannot be had end the connection, and are logged', async () => {
  const lines: string[] = [];
  const logger: Logger = { log: (level, _component, message) => lines.push(level + message()) };
  using socket = new StatsSocket(path(), () => Promise.reject(new TypeError('a bug')), logger);
  await expect(readStats(socket.path)).rejects.toMatchObject({ code: 'EPROTO' });
  expect(lines).toEqual([`warn${socket.path} failed`]);
});

test('a place somebody listens at is refused with EADDRINUSE', () => {
  using socket = new StatsSocket(path(), () => statsOf('vfio0'), silent);
  expect(() => new StatsSocket(socket.path, () => statsOf('vfio1'), silent)).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE' }),
  );
});

test('a file that is there is left alone', () => {
  const file = path();
  writeFileSync(file, 'mine');
  expect(() => new StatsSocket(file, () => statsOf('vfio0'), silent)).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE' }),
  );
  expect(existsSync(file)).toBe(true);
});

test('where nobody listens, reading is ENOENT', async () => {
  await expect(readStats(path())).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['no JSON', 'hello'],
  ['other JSON', '{"device":"vfio0"}'],
  ['nothing', ''],
])('%s in answer is EPROTO', async (_what, answer) => {
  const file = path();
  const server = createServer((socket) => socket.end(answer)).listen(file);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  await expect(readStats(file)).rejects.toMatchObject({ code: 'EPROTO' });
});
