// The daemon as an operator has it: processes, signals, sockets.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { attach, printed } from '../support.ts';
import { eventually, Installation, isAlive, logged, uuidOf } from './real.ts';

const AUTO = { mdev_type: 'mdpy-vga', start: 'auto', attrs: [] };
const MANUAL = { ...AUTO, start: 'manual' };
const timeout = 120_000;

/** A daemon that has read definitions, the first of which is number 1. */
async function running(...definitions: readonly object[]) {
  const at = new Installation();
  for (const [i, definition] of definitions.entries()) at.define(i + 1, definition);
  return { at, daemon: await at.daemon() };
}

test(
  'the daemon starts what is to start, and stops with 0 and nothing left',
  { timeout },
  async () => {
    const { at, daemon } = await running(AUTO, MANUAL);
    expect(statSync(at.runtime).mode & 0o777).toBe(0o700);
    expect(statSync(at.control).mode & 0o777).toBe(0o600);
    expect(statSync(at.socket(1)).mode & 0o777).toBe(0o600);
    expect(existsSync(at.socket(2))).toBe(false);
    const { pid } = (await at.status(1)) ?? {};
    await using client = await attach(at.socket(1));
    expect(await client.getInfo()).toMatchObject({ numRegions: 9 });
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toEqual([0, null]);
    await client.over;
    expect(readdirSync(at.runtime)).toEqual(['daemon.lock']);
    expect(isAlive(Number(pid))).toBe(false);
  },
);

test(
  'a device that is killed tells its clients, starts again, and touches no other',
  { timeout },
  async () => {
    const { at, daemon } = await running(AUTO, AUTO);
    const [first, second] = [await at.status(1), await at.status(2)];
    await using client = await attach(at.socket(1));
    await using other = await attach(at.socket(2));
    process.kill(Number(first?.pid), 'SIGKILL');
    await client.over;
    await expect(client.getInfo()).rejects.toMatchObject({ code: 'ENOTCONN' });
    await logged(daemon, `warn ${uuidOf(1)}: ended: killed by SIGKILL; it starts again in 0.1 s`);
    await eventually(async () => {
      expect(await at.status(1)).toMatchObject({ state: 'running', restarts: 1 });
    });
    await using again = await attach(at.socket(1));
    expect(await again.getInfo()).toMatchObject({ numRegions: 9 });
    expect(await other.getInfo()).toMatchObject({ numRegions: 9 });
    expect(await at.status(2)).toMatchObject({ pid: second?.pid, restarts: 0 });
  },
);

test(
  'SIGHUP and reload start what is new, and leave alone what is as it was',
  { timeout },
  async () => {
    const { at, daemon } = await running(AUTO, AUTO);
    const before = await at.status(1);
    await using client = await attach(at.socket(1));
    at.define(2, { ...AUTO, mdev_type: 'mdpy-hd' });
    at.define(3, AUTO);
    daemon.child.kill('SIGHUP');
    await logged(daemon, 'daemon: 3 of 3 devices run');
    expect(await at.status(1)).toMatchObject({ pid: before?.pid, restarts: 0 });
    expect(await at.status(2)).toMatchObject({ definition: { mdev_type: 'mdpy-hd' } });
    expect(await client.getInfo()).toMatchObject({ numRegions: 9 });
    at.define(4, '{\n  "mdev_type": }');
    const { code, lines } = await at.command('daemon', 'reload');
    expect(code).toBe(0);
    expect(lines).toEqual([
      '0 started, 0 changed and started again, 3 unchanged',
      expect.stringMatching(/1004: line 2: .*has been moved to/u),
    ]);
  },
);

test('start and stop do what is asked, and say why they cannot', { timeout }, async () => {
  const { at } = await running(MANUAL);
  const started = await at.command('start', uuidOf(1), '--json');
  expect(JSON.parse(started.lines[0] ?? '')).toEqual({
    uuid: uuidOf(1),
    socket: at.socket(1),
    driver: 'mdpy-sample',
    type: 'mdpy-vga',
  });
  expect(await at.command('start', '-u', uuidOf(1))).toMatchObject({ code: 1, lines: [] });
  const fresh = await at.command('start', '-p', 'mdpy', '-t', 'mdpy-xga');
  expect(fresh).toMatchObject({ code: 0, lines: [expect.stringMatching(/^[\da-f-]{36}$/u)] });
  const listed = await at.command('list');
  expect(listed.lines).toEqual([
    `${uuidOf(1)} mdpy mdpy-vga manual (defined)`,
    `${fresh.lines[0]} mdpy mdpy-xga manual`,
  ]);
  expect(await at.command('stop', uuidOf(1))).toMatchObject({ code: 0, lines: [], errors: '' });
  expect(existsSync(at.socket(1))).toBe(false);
  const again = await at.command('stop', uuidOf(1));
  expect(again.code).toBe(1);
  expect(again.errors).toContain('is not active; vfio-ts list shows those that are');
  const unknown = await at.command('start', '-p', 'mdpy', '-t', 'mdpy-8k');
  expect(unknown.code).toBe(1);
  expect(unknown.errors).toContain('mdpy-vga, mdpy-xga, mdpy-hd');
  const define = await at.command('define', '-u', fresh.lines[0] ?? '', '--auto');
  expect(define).toMatchObject({ code: 0, lines: [] });
  expect((await at.command('list', '-d')).lines).toContain(
    `${fresh.lines[0]} mdpy mdpy-xga auto (active)`,
  );
});

test(
  'a device whose settings are wrong has failed, and is listed with the reason',
  { timeout },
  async () => {
    const at = new Installation();
    at.define(1, { ...AUTO, mdev_type: 'vfio_ccw-io' }, '0.0.0000');
    at.define(2, { ...AUTO, attrs: [{ colour: 'red' }] });
    const daemon = await at.daemon();
    expect(daemon.errors()).toContain(`error ${uuidOf(1)}: failed: ccw: say which device`);
    const { lines } = await at.command('list', '--defined');
    expect(lines[0]).toMatch(
      /^\S+1001 0\.0\.0000 vfio_ccw-io auto \(failed: ccw: say which device/u,
    );
    expect(lines[1]).toMatch(
      /1002 mdpy mdpy-vga auto \(failed: mdpy-vga has no setting colour: it takes none\)$/u,
    );
  },
);

test(
  'no device outlives a daemon that is killed, and the next starts with a clean folder',
  { timeout },
  async () => {
    const { at, daemon } = await running(AUTO);
    const { pid } = (await at.status(1)) ?? {};
    await using client = await attach(at.socket(1));
    daemon.child.kill('SIGKILL');
    await client.over;
    await eventually(() => expect(isAlive(Number(pid))).toBe(false));
    const { code, errors } = await at.command('start', uuidOf(1));
    expect(code).toBe(1);
    expect(errors).toContain(`no daemon listens on ${at.control}; start one with vfio-ts daemon`);
    await at.daemon();
    expect(await at.status(1)).toMatchObject({ state: 'running' });
  },
);

test('a second daemon is refused, and the first does not notice', { timeout }, async () => {
  const { at } = await running();
  const second = await at.command('daemon');
  expect(second.code).toBe(1);
  expect(second.errors).toContain('a daemon runs already');
  expect(await at.command('daemon', 'status')).toMatchObject({ code: 0, errors: '' });
});

test(
  'with --log-json every line is JSON, those of a device with its UUID',
  { timeout },
  async () => {
    const at = new Installation();
    at.define(1, AUTO);
    const daemon = await at.daemon('--log-json', '--log-level', 'info');
    daemon.child.kill('SIGINT');
    expect(await daemon.ended).toEqual([0, null]);
    const lines = daemon
      .errors()
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ device: uuidOf(1), component: 'mdpy', level: 'info' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ component: 'daemon', message: 'all devices have stopped' }),
    );
  },
);

test('the command of a device is of no use to people, and says so', { timeout }, async () => {
  const run = new Installation().run('run-device');
  expect(await printed(run)).toEqual([]);
  expect(await run.ended).toEqual([2, null]);
  expect(run.errors()).toContain('vfio-ts daemon');
});
