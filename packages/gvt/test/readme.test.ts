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
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { expect, onTestFinished, test } from 'vitest';

const example = join(import.meta.dirname, 'example.ts');

test('the program in the README is the one that is tested', () => {
  const [program] = codeBlocks(join(import.meta.dirname, '../README.md'));
  expect(program).toBe(readFileSync(example, 'utf8'));
});

test('it serves a vGPU until it is interrupted', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-example-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'gvt.sock');
  await using served = await Example.start(example, [socket]);
  expect(served.said).toBe(`a vGPU is on ${socket}\n`);
  const host = linuxClientHost(new LinuxClock(), new RecordingLogger());
  await using client = await VfioUserClient.attach(connect(socket, new EventLoop()), { host });
  const magic = new Uint8Array(8);
  await client.read(0, 0x7_8000, magic);
  expect(new TextDecoder().decode(magic)).toBe('vGTvGTvG');
  await client.close();
  expect(await served.interrupt()).toEqual([0, null]);
  expect(existsSync(socket)).toBe(false);
});
