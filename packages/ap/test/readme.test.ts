import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeBlocks, Example } from '@vfio-ts/lab';
import { expect, onTestFinished, test } from 'vitest';

const server = new URL('./example.ts', import.meta.url).pathname;
const client = new URL('./example-client.ts', import.meta.url).pathname;

test('the programs in the README are those that are tested', () => {
  const blocks = codeBlocks(join(import.meta.dirname, '../README.md'));
  expect(blocks).toEqual([server, client].map((program) => readFileSync(program, 'utf8')));
});

test(
  'one serves queues until it is interrupted, the other uses them',
  {
    timeout: 60_000,
  },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-ap-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const socket = join(folder, 'ap.sock');
    await using served = await Example.start(server, [socket]);
    expect(served.said).toBe(`05.0004 and 06.0004 are on ${socket}\n`);
    await using guest = await Example.start(client, [socket]);
    expect(guest.said).toBe('it is the message\n');
    expect(await guest.ended).toEqual([0, null]);
    expect(await served.interrupt()).toEqual([0, null]);
    expect(existsSync(socket)).toBe(false);
  },
);
