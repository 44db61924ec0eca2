import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test as base } from 'vitest';
import { emptyTrack, packCchh } from '../../src/dasd/track-image.ts';
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

type What = 'writes' | 'releases';

function run(image: string, at: number, what: What): Promise<End> {
  const child = spawn(process.execPath, [CHILD, image, String(at), what], {
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

/** Whether a track is as it may be when something was flushed last. */
type Check = (track: number, image: Uint8Array, flushed: number) => boolean;

/** Kills a process at each of its changes of a file, until it has none left. @returns tracks that may not be so */
async function killAtAll(folder: string, what: What, check: Check): Promise<string[]> {
  const wrong: string[] = [];
  for (let at = 1; at < 40; at += 1) {
    const image = join(folder, `volume-${at}.ckd`);
    writeFileSync(image, smallVolume(CYLINDERS));
    const { signal, lines } = await run(image, at, what);
    const isOver = lines.includes('closed');
    expect(signal).toBe(isOver ? null : 'SIGKILL');
    const flushed = Number(lines.findLast((line) => line !== 'closed') ?? 0);
    const store = await openImage(image);
    for (let track = 0; track < CYLINDERS * SMALL.heads; track += 1) {
      const isRight = check(track, await store.read(track), flushed);
      if (!isRight) wrong.push(`track ${track} killed at ${at} behind ${flushed}`);
    }
    await store.close();
    expect(existsSync(`${image}.journal`)).toBe(false);
    if (isOver) return wrong;
  }
  throw new Error('it never ends');
}

test('a process killed in the middle of any write leaves tracks old or new, and no lock', async ({
  folder,
}) => {
  const wrong = await killAtAll(folder, 'writes', (track, image, flushed) => {
    const version = versionOf(track, image);
    const isOwn = version === 0 || TRACKS[version - 1] === track;
    return isOwn && version >= newest(track, flushed);
  });
  expect(wrong).toEqual([]);
});

/** The first track that is not released, after each release. */
const RELEASED_TO = [0, 2 * SMALL.heads, CYLINDERS * SMALL.heads];

test('a process killed in the middle of a release leaves tracks whole or released, and those of a status released', async ({
  folder,
}) => {
  const seen = new Set<string>();
  const wrong = await killAtAll(folder, 'releases', (track, image, flushed) => {
    const cchh = packCchh(Math.floor(track / SMALL.heads), track % SMALL.heads);
    const isReleased = Buffer.compare(image, emptyTrack(cchh)) === 0;
    const mustBe = track < (RELEASED_TO[flushed] ?? 0);
    const mayBe = track < (RELEASED_TO[flushed + 1] ?? Infinity);
    seen.add(`${mustBe ? 'confirmed' : 'begun'} ${isReleased ? 'released' : 'whole'}`);
    return isReleased ? mayBe : !mustBe && versionOf(track, image) === 0;
  });
  expect(wrong).toEqual([]);
  expect([...seen].toSorted()).toEqual(['begun released', 'begun whole', 'confirmed released']);
});
