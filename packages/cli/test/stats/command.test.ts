// vfio-ts stats in the forms that go on or are read by programs.

import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { attach, printed, ready, run, temporaryFolder } from '../support.ts';
import { parseExposition } from './exposition.ts';

test('Prometheus can read the statistics of a device', async () => {
  const { socket = '' } = await ready(run('serve', 'mdpy-sample:mdpy-vga', '--json'));
  await using client = await attach(socket);
  await client.getInfo();
  const lines = await printed(run('stats', socket, '--prometheus'));
  const families = parseExposition(`${lines.join('\n')}\n`);
  expect(families.get('vfio_ts_messages_total')?.samples).toContainEqual({
    name: 'vfio_ts_messages_total',
    labels: { device: socket, command: 'DEVICE_GET_INFO' },
    value: 1,
  });
  expect(families.get('vfio_ts_message_duration_seconds')?.type).toBe('histogram');
});

test('stats --watch says what has come since, until it is stopped', async () => {
  const { socket = '' } = await ready(run('serve', 'mdpy-sample:mdpy-vga', '--json'));
  await using client = await attach(socket);
  const watching = run('stats', '--watch', '0.1', socket);
  const first = await watching.lines.next();
  expect(first.value).toMatch(/^vfio0: in the last \d\.\d s, 1 of 1 connections open/u);
  await client.getInfo();
  let seen = '';
  while (!seen.startsWith('DEVICE_GET_INFO, 1 timed')) {
    // oxlint-disable-next-line no-await-in-loop -- lines come one by one
    seen = (await watching.lines.next()).value ?? 'DEVICE_GET_INFO, 1 timed: it never came';
  }
  expect(seen).toBe('DEVICE_GET_INFO, 1 timed');
  watching.child.kill('SIGINT');
  expect(await watching.ended).toEqual([0, null]);
  expect(watching.errors()).toBe('');
});

test('stats --watch ends with 1 when the device has gone', async () => {
  const served = run('serve', 'mdpy-sample:mdpy-vga', '--json');
  const { socket = '' } = await ready(served);
  const watching = run('stats', '--watch', '0.1', socket);
  await watching.lines.next();
  served.child.kill('SIGINT');
  expect(await watching.ended).toEqual([1, null]);
  expect(watching.errors()).toContain('nobody serves a device on');
});

test('a device that tells no statistics is said to tell none', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'other.sock');
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(path, resolve);
  onTestFinished(() => void server.close());
  await promise;
  const shown = run('stats', path);
  expect(await shown.ended).toEqual([1, null]);
  expect(shown.errors()).toContain(`${path} tells no statistics: `);
});

test('a UUID that nobody serves is said with how to start it', async () => {
  const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
  const shown = run('stats', uuid);
  expect(await shown.ended).toEqual([1, null]);
  expect(shown.errors()).toContain(`vfio-ts start ${uuid}`);
});
