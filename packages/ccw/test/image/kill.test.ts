import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test as base } from 'vitest';
import { openImage } from '../../src/image/open.ts';
import { SMALL, smallVolume, versionOf } from './support-tracks.ts';
import { inFolder } from './support.ts';
import type { InFolder } from './support.ts';

const test = base.extend<InFolder>(inFolder);

const CHILD = fileURLToPath(new URL('kill-child.ts', import.meta.url));
const CYLINDERS = 3;
/** Which track each version is of. */
const TRACKS = [0, 1, 2, 0];

interface End {
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
}

function run(image: string, at: number): Promise<End> {
  const child = spawn(process.execPath, [CHILD, image, String(at)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_, signal) => {
      resolve({ signal, lines: text.split('\n').slice(0, -1) });
    });
  });
}

/** The newest version of a track among the first `count`. */
function newest(track: number, count: number): number {
  return TRACKS.slice(0, count).lastIndexOf(track) + 1;
}

async function checkAfter(image: string, { lines }: End): Promise<void> {
  const flushed = Number(lines.findLast((line) => line !== 'closed') ?? 0);
  const store = await openImage(image);
  for (let track = 0; track < CYLINDERS * SMALL.heads; track += 1) {
    const version = versionOf(track, await store.read(track));
    expect(version).toBeGreaterThanOrEqual(newest(track, flushed));
    expect(version === 0 || TRACKS[version - 1] === track).toBe(true);
  }
  await store.close();
  expect(existsSync(`${image}.journal`)).toBe(false);
}

test('a process killed in the middle of any write leaves tracks old or new, and no lock', async ({
  folder,
}) => {
  let isOver = false;
  for (let at = 1; !isOver; at += 1) {
    const image = join(folder, `volume-${at}.ckd`);
    writeFileSync(image, smallVolume(CYLINDERS));
    const end = await run(image, at);
    expect(end.signal).toBe(end.lines.includes('closed') ? null : 'SIGKILL');
    await checkAfter(image, end);
    isOver = end.signal === null;
    expect(at).toBeLessThan(40);
  }
});
