// The command as a user runs it: another process, its streams, its signals and its exit code.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { expect, onTestFinished, test } from 'vitest';
import { attach, printed, ready, run } from './support.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends serve with 0 and removes the socket',
  async (signal) => {
    const served = run('serve', 'mdpy-sample:mdpy-vga', '--json');
    const { socket = '' } = await ready(served);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    served.child.kill(signal);
    expect(await served.ended).toEqual([0, null]);
    expect(existsSync(socket)).toBe(false);
    expect(await served.lines.next()).toEqual({ done: true, value: undefined });
  },
);

test('serve --json says in one line what is where, and a client can attach', async () => {
  const socket = join(folder(), 'mdpy.sock');
  const served = run('serve', 'mdpy-sample:mdpy-xga', '--socket', socket, '--json');
  expect(await ready(served)).toEqual({
    socket,
    driver: 'mdpy-sample',
    type: 'mdpy-xga',
    uuid: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/u),
  });
  await using client = await attach(socket);
  expect(await client.getInfo()).toMatchObject({ numRegions: 9, numIrqs: 5 });
});

test('serve ends with 0 while a client is attached', async () => {
  const served = run('serve', 'mdpy-sample:mdpy-xga', '--json');
  const { socket = '' } = await ready(served);
  await using client = await attach(socket);
  served.child.kill('SIGTERM');
  expect(await served.ended).toEqual([0, null]);
  await client.over;
  await expect(client.getInfo()).rejects.toMatchObject({ code: 'ENOTCONN' });
});

test('stats shows what a client has done, as a table and as JSON', async () => {
  const served = run('serve', 'mdpy-sample:mdpy-xga', '--json');
  const { socket = '' } = await ready(served);
  await using client = await attach(socket);
  await client.getInfo();
  await expect(client.read(5, 0, new Uint8Array(4))).rejects.toMatchObject({ code: 'EINVAL' });

  const shown = run('stats', socket);
  const text = (await printed(shown)).join('\n');
  expect(await shown.ended).toEqual([0, null]);
  expect(text).toMatch(/^vfio0: served for \d+\.\d s, 1 of 1 connections open/u);
  expect(text).toMatch(/^command +messages +errors +mean us +p50 us +p99 us +max us$/mu);
  expect(text).toMatch(/^DEVICE_GET_INFO +1 +0 +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$/mu);
  expect(text).toMatch(/^REGION_READ +1 +1 /mu);
  expect(text).toContain('errors: EINVAL 1');
  expect(text).toContain('vfio0#0 generic: running, 0 DMA mappings of 0 B, 0 B unread');

  const [json = ''] = await printed(run('stats', socket, '--json'));
  expect(JSON.parse(json)).toMatchObject({
    device: 'vfio0',
    total: { messages: 3, commands: { DEVICE_GET_INFO: { messages: 1 } } },
    sessions: [{ peer: 'generic', state: 'running' }],
  });
});

test('the statistics are for the owner alone, and end with the device', async () => {
  const socket = join(folder(), 'mdpy.sock');
  const served = run('serve', 'mdpy-sample:mdpy-vga', '--socket', socket, '--json');
  await ready(served);
  expect(statSync(`${socket}.stats`).mode & 0o777).toBe(0o600);
  served.child.kill('SIGINT');
  expect(await served.ended).toEqual([0, null]);
  expect(existsSync(`${socket}.stats`)).toBe(false);
  const shown = run('stats', socket);
  expect(await shown.ended).toEqual([1, null]);
  expect(shown.errors()).toContain(`vfio-ts: nobody serves a device on ${socket}: `);
});

test('a device is served where its statistics cannot be', async () => {
  const socket = join(folder(), 'mdpy.sock');
  writeFileSync(`${socket}.stats`, 'mine');
  const served = run('serve', 'mdpy-sample:mdpy-vga', '--socket', socket, '--json');
  expect(await ready(served)).toMatchObject({ socket });
  served.child.kill('SIGINT');
  expect(await served.ended).toEqual([0, null]);
  expect(served.errors()).toContain(`there will be no statistics of ${socket}`);
  expect(readFileSync(`${socket}.stats`, 'utf8')).toBe('mine');
});

test('serve logs what a client is refused, from --log-level debug on', async () => {
  const served = run('serve', 'mdpy-sample:mdpy-vga', '--json', '--log-level', 'debug');
  const { socket = '' } = await ready(served);
  await using client = await attach(socket);
  await expect(client.read(5, 0, new Uint8Array(4))).rejects.toMatchObject({ code: 'EINVAL' });
  served.child.kill('SIGTERM');
  await served.ended;
  expect(served.errors()).toContain('info vfio0#0 generic: attached by a client of kind generic');
  expect(served.errors()).toContain('debug vfio0#0 generic: REGION_READ refused');
});

test('serve logs in lines of JSON with --log-json', async () => {
  const flags = ['--json', '--log-level', 'debug', '--log-json'];
  const served = run('serve', 'mdpy-sample:mdpy-vga', ...flags);
  const { socket = '' } = await ready(served);
  await using client = await attach(socket);
  await expect(client.read(5, 0, new Uint8Array(4))).rejects.toMatchObject({ code: 'EINVAL' });
  served.child.kill('SIGTERM');
  await served.ended;
  const lines = served.errors().trimEnd().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/u),
    level: 'debug',
    component: 'vfio0#0 generic',
    message: 'REGION_READ refused',
    error: expect.objectContaining({ code: 'EINVAL' }),
  });
});

test('a socket somebody listens on is left alone and ends serve with 1', async () => {
  const socket = join(folder(), 'mdpy.sock');
  const first = run('serve', 'mdpy-sample:mdpy-vga', '--socket', socket, '--json');
  await ready(first);
  const second = run('serve', 'mdpy-sample:mdpy-vga', '--socket', socket, '--json');
  expect(await second.ended).toEqual([1, null]);
  expect(second.errors()).toContain('EADDRINUSE');
  expect(existsSync(socket)).toBe(true);
});

test('a wrong type ends with 2 and names those there are', async () => {
  const served = run('serve', 'mdpy-sample:mdpy-8k');
  expect(await served.ended).toEqual([2, null]);
  expect(served.errors()).toContain('mdpy-vga, mdpy-xga, mdpy-hd');
});

test('serve says how to plug the device into QEMU', async () => {
  const served = run('serve', 'mdpy-sample:mdpy-xga');
  const said: string[] = [];
  for (let i = 0; i < 4; i++) said.push((await served.lines.next()).value ?? '');
  expect(said.join('\n')).toMatch(/-device '\{"driver":"vfio-user-pci","socket":\{"path":"\S+"/u);
  served.child.kill('SIGINT');
  expect(await served.ended).toEqual([0, null]);
});

test('the demo draws over the wire, leaves a picture, and ends without a leak', async () => {
  const shown = run('demo', '--frames', '3');
  const said: string[] = [];
  for (let next = await shown.lines.next(); next.done !== true; next = await shown.lines.next()) {
    said.push(next.value);
  }
  expect(await shown.ended).toEqual([0, null]);
  const text = said.join('\n');
  expect(text).toContain('embedded guest: attached, found a 1024x768 screen');
  expect(text).toContain('ended: sockets removed, nothing leaked');
  const png = /the screen is in (\S+)/u.exec(text)?.[1] ?? '';
  const { width, height, data } = decode(readFileSync(png));
  expect([width, height]).toEqual([1024, 768]);
  // The first colour bar, right of where the square begins.
  expect([...data.subarray(140 * 4, 140 * 4 + 4)]).toEqual([0xc0, 0xc0, 0xc0, 255]);
  rmSync(join(png, '..'), { recursive: true });
});
