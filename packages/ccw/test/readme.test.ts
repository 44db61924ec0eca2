import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { codeBlocks, Example } from '@vfio-ts/lab';
import {
  connect,
  EventLoop,
  LinuxClock,
  linuxClientHost,
  linuxHost,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { expect, onTestFinished, test } from 'vitest';
import { CcwClient, input } from '../src/client/index.ts';
import { COMMANDS } from '../src/dasd/commands/index.ts';
import { createVolume } from '../src/index.ts';

const example = join(import.meta.dirname, 'example.ts');

test('the program in the README is the one that is tested', () => {
  const [program] = codeBlocks(join(import.meta.dirname, '../README.md'));
  expect(program).toBe(readFileSync(example, 'utf8'));
});

test('the lines in the README about the page cache are those of the server of the tests', () => {
  const [, lines = ''] = codeBlocks(join(import.meta.dirname, '../README.md'));
  const server = readFileSync(join(import.meta.dirname, 'e2e/dasd-server.ts'), 'utf8');
  expect(server).toContain(lines.replaceAll(/^import .*\n/gmu, '').trim());
});

test('the commands in the README are those that the DASD has', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const [, section = ''] = readme.split('## What the DASD does');
  const [table = ''] = section.split('All others');
  const told = table.match(/(?<=`)[\da-f]{2}(?=`)/gu)?.toSorted();
  const known = COMMANDS.flatMap((handler, code) => (handler === undefined ? [] : [code]));
  expect(told).toEqual(known.map((code) => code.toString(16).padStart(2, '0')));
});

test('it serves a DASD until it is interrupted', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-ccw-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'dasd.sock');
  const image = join(folder, 'linux.ckd');
  await createVolume(image, { model: 2, serial: 'LNX001' });
  await using served = await Example.start(example, [image, socket]);
  expect(served.said).toBe(`0.0.0000 is on ${socket}\n`);
  const host = linuxClientHost(new LinuxClock(), new RecordingLogger());
  await using client = await VfioUserClient.attach(connect(socket, new EventLoop()), { host });
  await using ccw = await CcwClient.open(client, linuxHost());
  const senseId = await ccw.run([input(0xe4, 20)]);
  expect(senseId.data[0]?.subarray(0, 6)).toEqual(Uint8Array.fromHex('ff3990e93390'));
  await ccw.close();
  await client.close();
  expect(await served.interrupt()).toEqual([0, null]);
  expect(existsSync(socket)).toBe(false);
});
