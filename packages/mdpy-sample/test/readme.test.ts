import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import {
  connect,
  EventLoop,
  LinuxClock,
  linuxClientHost,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { expect, test } from 'vitest';

const example = join(import.meta.dirname, 'example.ts');

test('the program in the README is the one that is tested', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const [, program] = /^```ts\n(.*?)^```$/ms.exec(readme) ?? [];
  expect(program).toBe(readFileSync(example, 'utf8'));
});

test('it serves a display until it is interrupted', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-example-'));
  const socket = join(folder, 'mdpy.sock');
  const child = spawn(process.execPath, [example, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    expect(line).toBe(`a display is on ${socket}\n`);
    const host = linuxClientHost(new LinuxClock(), new RecordingLogger());
    await using client = await VfioUserClient.attach(connect(socket, new EventLoop()), { host });
    expect(await client.getRegionInfo(0)).toMatchObject({ size: 0x40_0000 });
    await client.close();
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(existsSync(socket)).toBe(false);
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  }
});
