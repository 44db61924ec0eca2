// Hercules' dasdconv makes CKD images of dumps of volumes, of none that is one already.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { programForTest } from '@vfio-ts/lab';
import { expect, test as base } from 'vitest';
import { buildTrack, packCchh } from '../../src/dasd/track-image.ts';
import type { RecordContents } from '../../src/dasd/track-image.ts';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { createVolume } from '../../src/image/create.ts';
import { openImage } from '../../src/image/open.ts';
import { readVtoc } from '../../src/image/vtoc.ts';
import { dumpVolume } from './hdr30.ts';
import { withHercules } from './hercules.ts';
import type { WithHercules } from './hercules.ts';

const test = base.extend<WithHercules>(withHercules);

test('dasdconv says of a volume of ours that it is a CKD image', async ({ folder, skip }) => {
  const dasdconv = programForTest({ skip }, 'dasdconv', 'hercules');
  await createVolume(join(folder, 'own.ckd'), { model: 2, serial: 'CONV01' });
  const { status, stderr } = spawnSync(dasdconv, ['own.ckd', 'converted.ckd'], {
    cwd: folder,
    encoding: 'latin1',
  });
  expect(status).toBe(3);
  expect(stderr).toContain('own.ckd is already in CKD format');
});

const R0 = { number: 0, data: new Uint8Array(8) };

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (seed * 31 + at * 7 + (at >> 8)) & 0xff);
}

/** Tracks with all that a track can have: keys, lengths that are no multiple of four, ends of files, other CC HH. */
const TRACKS: ReadonlyMap<number, readonly RecordContents[]> = new Map([
  [30, [R0, ...[1, 2, 3, 4, 5].map((number) => ({ number, data: pattern(number * 77, number) }))]],
  [31, [R0, { number: 1, key: pattern(9, 1), data: pattern(4095, 2) }]],
  [
    32,
    [
      R0,
      { number: 1, key: pattern(255, 3), data: new Uint8Array(0) },
      { number: 2, data: pattern(80, 4) },
    ],
  ],
  [33, [R0, { number: 1, data: pattern(56_664, 5) }]],
  [
    34,
    [
      R0,
      ...Array.from({ length: 119 }, (_, at) => ({
        number: at + 1,
        data: pattern(1 + (at % 5), at),
      })),
    ],
  ],
  [
    35,
    [
      { number: 0, data: pattern(30, 6) },
      { number: 200, cchh: 0x7fff_0001, data: pattern(13, 7) },
    ],
  ],
  [36, []],
  [
    37,
    [R0, ...Array.from({ length: 12 }, (_, at) => ({ number: at + 1, data: pattern(4096, at) }))],
  ],
  [1113 * 15 - 1, [R0, { number: 1, data: pattern(100, 8) }]],
]);

/** A 3390-1 with these, all others empty. */
async function makeVolume(path: string): Promise<TrackStore> {
  await createVolume(path, { model: '3390-1', serial: 'CONV01' });
  const store = await openImage(path);
  for (const [track, contents] of TRACKS) {
    const cchh = packCchh(Math.floor(track / 15), track % 15);
    await store.write(track, buildTrack(cchh, contents));
  }
  await store.flush();
  return store;
}

/** What a file system makes a hole of. */
const ZEROS = Buffer.alloc(4096);

/** Writes a file, with holes in place of zeros. */
async function saveSparse(chunks: AsyncIterable<Buffer>, path: string): Promise<void> {
  await using file = await open(path, 'wx');
  let size = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += ZEROS.length) {
      const page = chunk.subarray(at, at + ZEROS.length);
      if (!page.equals(ZEROS.subarray(0, page.length)))
        await file.write(page, 0, page.length, size);
      size += page.length;
    }
  }
  await file.truncate(size);
}

test(
  'dasdconv makes an image with the same tracks of the dump of a volume of ours',
  { timeout: 180_000 },
  async ({ folder, hercules, skip }) => {
    const dasdconv = programForTest({ skip }, 'dasdconv', 'hercules');
    const mkfifo = programForTest({ skip }, 'mkfifo', 'coreutils');
    const own = await makeVolume(join(folder, 'own.ckd'));
    // It writes the image in one go: by a pipe the zeros, which are most of it, take no room.
    const fifo = join(folder, 'fifo');
    expect(spawnSync(mkfifo, [fifo]).status).toBe(0);
    const program = spawn(dasdconv, ['-q', '-r', '-', 'fifo'], {
      cwd: folder,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const said = text(program.stderr);
    const ended = once(program, 'close');
    const saved = saveSparse(
      createReadStream(fifo, { highWaterMark: 16 * ZEROS.length }),
      join(folder, 'converted.ckd'),
    );
    await pipeline(Readable.from(dumpVolume(own)), program.stdin);
    expect({ ended: await ended, said: await said }).toMatchObject({ ended: [0, null] });
    await saved;

    expect(hercules('dasdls', 'converted.ckd')).toContain('VOLSER=CONV01');
    const converted = await openImage(join(folder, 'converted.ckd'));
    expect(converted.geometry).toEqual(own.geometry);
    expect((await readVtoc(converted)).serial).toBe('CONV01');
    const different: number[] = [];
    for (let track = 0; track < own.geometry.cylinders * own.geometry.heads; track += 1) {
      const [ours, theirs] = [await own.read(track), await converted.read(track)];
      if (Buffer.compare(ours, theirs) !== 0) different.push(track);
    }
    expect(different).toEqual([]);
    await own.close();
    await converted.close();
  },
);
