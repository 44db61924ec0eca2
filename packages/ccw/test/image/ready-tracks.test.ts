// Tracks that the kernel has in memory, of volumes whose tracks are of different lengths.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CachedReader } from '@vfio-ts/vfio-user';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildTrack } from '../../src/dasd/track-image.ts';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { createVolume } from '../../src/image/create.ts';
import { cachedFiles } from '../../src/image/file.ts';
import { openImage } from '../../src/image/open.ts';
import { cchhOfTrack } from '../../src/image/tracks.ts';

const files = cachedFiles(new CachedReader());
/** Bytes of the only record behind R0, by track. */
const LENGTHS = [100, 40_000, 10, 56_000, 8, 30_000];

let folder: string;
let path: string;

function contents(store: TrackStore, track: number): Uint8Array {
  const data = new Uint8Array(LENGTHS[track] ?? 0).fill(track + 1);
  return buildTrack(cchhOfTrack(store.geometry, track), [
    { number: 0, data: new Uint8Array(8) },
    { number: 1, data },
  ]);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vfio-ts-'));
  path = join(folder, 'volume.ckd');
  await createVolume(path, { model: 1, serial: 'TEST01', format: 'linux' });
  const store = await openImage(path);
  for (const track of LENGTHS.keys()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await store.write(track, contents(store, track));
  }
  await store.close();
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.each([true, false])('are lent whole, read-only %s', async (isReadOnly) => {
  const store = await openImage(path, { files, isReadOnly, cacheTracks: 2 });
  try {
    for (const track of [...LENGTHS.keys(), ...LENGTHS.keys(), 3, 0, 5]) {
      expect(store.lend?.(track)).toEqual(contents(store, track));
    }
  } finally {
    await store.close();
  }
});
