// Processes of Node, with small scripts in place of the command.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startNodeProcess } from '../../src/daemon/node-process.ts';
import { isAlive } from './real.ts';
import { orderOf } from './support.ts';

const READY = `console.log('hello'); console.log(JSON.stringify({ driver: 'd', type: 't', job: 1 }));`;

/** Starts a script. */
function started(script: string, options: { readonly node?: string } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  const main = join(folder, 'main.mjs');
  writeFileSync(main, script);
  const lines: string[] = [];
  const log = (uuid: string, line: string): void => void lines.push(`${uuid}: ${line}`);
  const child = startNodeProcess(orderOf(), {
    main,
    log,
    logLevel: 'warn',
    logJson: false,
    ...options,
  });
  onTestFinished(async () => {
    child.kill();
    await child.ended;
    rmSync(folder, { recursive: true });
  });
  return { child, lines };
}

test('a process is ready when it says so in a line of JSON, and ends when it is asked to', async () => {
  const { child } = started(`${READY} process.stdin.resume();`);
  expect(await child.ready).toEqual({ driver: 'd', type: 't', job: 1 });
  expect(isAlive(Number(child.pid))).toBe(true);
  child.stop();
  expect(await child.ended).toEqual({ reason: 'killed by SIGTERM', isFinal: false });
});

test('a process is told what to serve in its first line of input', async () => {
  const script = `process.stdin.once('data', (text) => console.log(JSON.stringify({ driver: 'd', type: 't', text: String(text) })))`;
  const { child } = started(script);
  const { text } = await child.ready;
  expect(JSON.parse(String(text))).toEqual({ order: orderOf(), logLevel: 'warn', logJson: false });
});

test('a process is not told what the service manager told the daemon', async () => {
  process.env['NOTIFY_SOCKET'] = '/run/notify';
  onTestFinished(() => void delete process.env['NOTIFY_SOCKET']);
  const script = `console.log(JSON.stringify({ driver: 'd', type: 't', told: process.env.NOTIFY_SOCKET ?? 'nothing' }))`;
  expect(await started(script).child.ready).toMatchObject({ told: 'nothing' });
});

test('a process is in a session of its own, which a terminal does not signal', async () => {
  const script = `
    import { readFileSync } from 'node:fs';
    const [, , , , group, session] = readFileSync('/proc/self/stat', 'utf8').split(' ');
    console.log(JSON.stringify({ driver: 'd', type: 't', group, session }));
    process.stdin.resume();`;
  const { child } = started(script);
  const pid = String(child.pid);
  expect(await child.ready).toMatchObject({ group: pid, session: pid });
});

test.each([
  ['process.exit(0)', 'ended with exit code 0', false],
  ['process.exitCode = 3', 'ended with exit code 3', false],
  [`console.error('vfio-ts: there is no image'); process.exit(1)`, 'there is no image', false],
  [`console.error('vfio-ts: no such type\\nmore'); process.exit(2)`, 'no such type', true],
  [`throw new TypeError('a bug')`, 'TypeError: a bug', false],
  [`process.kill(process.pid, 'SIGKILL')`, 'killed by SIGKILL', false],
])('%s is an end for a reason', async (script, reason, isFinal) => {
  expect(await started(script).child.ended).toEqual({ reason, isFinal });
});

test('what a process logs is passed on with its UUID', async () => {
  const { child, lines } = started(`console.error('one\\ntwo')`);
  await child.ended;
  expect(lines).toEqual([`${orderOf().uuid}: one`, `${orderOf().uuid}: two`]);
});

test('a process that cannot be started has ended, and says why', async () => {
  const { child } = started('', { node: '/nonexistent/node' });
  expect(await child.ended).toEqual({
    reason: 'spawn /nonexistent/node ENOENT',
    isFinal: false,
  });
  expect(child.pid).toBe(undefined);
});

test('a process that cannot even be described has ended, too', async () => {
  const { child } = started('', { node: 'a\0b' });
  expect((await child.ended).isFinal).toBe(false);
  child.stop();
});
