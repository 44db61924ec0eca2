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

test('it serves a display until it is interrupted', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-example-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'mdpy.sock');
  await using served = await Example.start(example, [socket]);
  expect(served.said).toBe(`a display is on ${socket}\n`);
  const host = linuxClientHost(new LinuxClock(), new RecordingLogger());
  await using client = await VfioUserClient.attach(connect(socket, new EventLoop()), { host });
  expect(await client.getRegionInfo(0)).toMatchObject({ size: 0x40_0000 });
  await client.close();
  expect(await served.interrupt()).toEqual([0, null]);
  expect(existsSync(socket)).toBe(false);
});
