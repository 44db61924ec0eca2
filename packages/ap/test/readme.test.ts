import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const programs = ['example.ts', 'example-client.ts'].map((name) => join(import.meta.dirname, name));
const [server = '', client = ''] = programs;

test('the programs in the README are those that are tested', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const blocks = Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, block]) => block);
  expect(blocks).toEqual(programs.map((program) => readFileSync(program, 'utf8')));
});

test(
  'one serves queues until it is interrupted, the other uses them',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-ap-'));
    const socket = join(folder, 'ap.sock');
    const child = spawn(process.execPath, [server, socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
      expect(line).toBe(`05.0004 and 06.0004 are on ${socket}\n`);
      const guest = spawn(process.execPath, [client, socket], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = once(guest, 'exit');
      const [said] = await once(guest.stdout.setEncoding('utf8'), 'data');
      expect(said).toBe('it is the message\n');
      expect(await gone).toEqual([0, null]);
      child.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
      expect(existsSync(socket)).toBe(false);
    } finally {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    }
  },
);
