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
  linuxHost,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { expect, test } from 'vitest';
import { CcwClient, input } from '../src/client/index.ts';
import { createVolume } from '../src/index.ts';

const example = join(import.meta.dirname, 'example.ts');

test('the program in the README is the one that is tested', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const [, program] = /^```ts\n(.*?)^```$/ms.exec(readme) ?? [];
  expect(program).toBe(readFileSync(example, 'utf8'));
});

test('it serves a DASD until it is interrupted', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-ccw-'));
  const socket = join(folder, 'dasd.sock');
  const image = join(folder, 'linux.ckd');
  await createVolume(image, { model: 2, serial: 'LNX001' });
  const child = spawn(process.execPath, [example, image, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    expect(line).toBe(`0.0.0000 is on ${socket}\n`);
    const host = linuxClientHost(new LinuxClock(), new RecordingLogger());
    await using client = await VfioUserClient.attach(connect(socket, new EventLoop()), { host });
    await using ccw = await CcwClient.open(client, linuxHost());
    const senseId = await ccw.run([input(0xe4, 20)]);
    expect(senseId.data[0]?.subarray(0, 6)).toEqual(Uint8Array.fromHex('ff3990e93390'));
    await ccw.close();
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
