// Space-efficient volumes over the wire: what Linux asks them, how it releases space and formats what it writes; then
// Hercules reads what has become of the image.

import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { expect, test } from 'vitest';
import type { Chain } from '../../src/client/index.ts';
import { emptyTrack, packCchh } from '../../src/dasd/track-image.ts';
import { openImage } from '../../src/image/open.ts';
import * as linux from './linux-chains.ts';
import { folder, NORMAL, pattern, runs, senseOf, ServedDasds, told, volume } from './served.ts';

const EFFICIENT = { isSpaceEfficient: true };
const LAST_TRACK = 149;

/** Tracks that have only R0; of a copy, as the image may be in use. */
async function released(image: string): Promise<number[]> {
  const copy = join(folder(), 'copy.ckd');
  copyFileSync(image, copy);
  const store = await openImage(copy, { isReadOnly: true });
  const tracks: number[] = [];
  for (let track = 0; track <= LAST_TRACK; track++) {
    const empty = emptyTrack(packCchh(Math.floor(track / 15), track % 15));
    if (Buffer.compare(await store.read(track), empty) === 0) tracks.push(track);
  }
  await store.close();
  return tracks;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_unused, at) => first + at);
}

test('a volume says that it is space-efficient, and of what pool', async () => {
  await using served = await ServedDasds.open([await volume()], EFFICIENT);
  const { client } = served;
  const [storage] = await runs(client, linux.readSubsystem('52', 28));
  expect([storage?.[0], storage?.subarray(2, 4).toHex()]).toEqual([0x20, '0001']);
  const [prepare, read] = linux.readSubsystem('53', 3616);
  if (prepare === undefined || read === undefined) throw new Error('no chain');
  const { irb, data } = await client.run([prepare, { ...read, sli: true }]);
  expect(irb.scsw).toMatchObject({ deviceStatus: NORMAL, subchannelStatus: 0 });
  // Pool 1: space-efficient by extents, whose size is valid; that of 16 MiB.
  expect(data[1]?.subarray(32, 40).toHex()).toBe('0001000028000100');
  const [features] = await runs(client, linux.readSubsystem('41', 256));
  expect(features?.[56]).toBe(0x01);
});

test('released tracks are in the image when the status is there, and others as they were', async () => {
  const image = await volume();
  await using served = await ServedDasds.open([image], EFFICIENT);
  const { client } = served;
  await runs(
    client,
    linux.releaseSpace([
      [30, 44],
      [47, 50],
    ]),
  );
  expect(await released(image)).toEqual([...range(30, 44), ...range(47, 50)]);
  const size = statSync(image).size;
  await runs(client, linux.releaseSpace());
  expect(await released(image)).toEqual(range(0, LAST_TRACK));
  expect(statSync(image).size).toBe(size);
});

test('a volume that is read-only refuses a release', async () => {
  const image = await volume();
  await using served = await ServedDasds.open([image], EFFICIENT, { isReadOnly: true });
  expect(senseOf(await served.client.run(linux.releaseSpace()))).toBe('100204');
  expect(await released(image)).toEqual([]);
});

test('a compressed volume refuses a release', async (ctx) => {
  const dasdinit = programForTest(ctx, 'dasdinit', 'hercules');
  const image = join(folder(), 'compressed.ckd');
  told(dasdinit, '-z', '-linux', image, '3390-1', 'CMP001', '40');
  await using served = await ServedDasds.open([image], EFFICIENT, { isReadOnly: true });
  expect(senseOf(await served.client.run(linux.releaseSpace([[30, 44]])))).toBe('100204');
});

/** What Linux knows of a track that has not been formatted: the sense data of a read or write of its first block. */
async function unformattedTrack(client: ServedDasds['client'], chain: Chain): Promise<number> {
  const result = await client.run(chain);
  expect(senseOf(result)).toBe('000800');
  const sense = result.irb.sense;
  expect((sense[27] ?? 0) & 0x30).toBe(0x20);
  return (((sense[29] ?? 0) << 8) | (sense[30] ?? 0)) * 15 + (sense[31] ?? 0);
}

test('a volume that Linux releases, formats as it writes, and fills is one that Hercules reads', async (ctx) => {
  const dasdls = programForTest(ctx, 'dasdls', 'hercules');
  const dasdcopy = programForTest(ctx, 'dasdcopy', 'hercules');
  const cckdcdsk = programForTest(ctx, 'cckdcdsk', 'hercules');
  const image = await volume({ serial: 'ESE001' });
  const blocks = [1, 2, 3].map((seed) => pattern(4096, seed));
  {
    await using served = await ServedDasds.open([image], EFFICIENT);
    const { client } = served;
    const labels: Uint8Array[] = [];
    for (const place of linux.LABELS) labels.push(...(await runs(client, linux.label(place))));
    await runs(client, linux.releaseSpace());
    for (const chain of [linux.FORMAT_SECOND_TRACK, linux.FORMAT_FIRST_TRACK]) {
      expect((await client.run(chain)).irb.scsw.deviceStatus).toBe(NORMAL);
    }
    for (const [at, place] of linux.LABELS.entries()) {
      await runs(client, linux.label(place, labels[at]));
    }
    expect(await unformattedTrack(client, linux.readBlocks(1200, 3))).toBe(100);
    expect(await unformattedTrack(client, linux.writeBlocks(1200, blocks))).toBe(100);
    expect((await client.run(linux.formatTracks(100, 1))).irb.scsw.deviceStatus).toBe(NORMAL);
    await runs(client, linux.writeBlocks(1200, blocks));
    expect(await runs(client, linux.readBlocks(1200, 3))).toEqual(blocks);
    // A request that goes on to the next track ends there: the blocks before it are read.
    expect(await unformattedTrack(client, linux.readBlocks(1200, 24))).toBe(101);
  }
  expect(await released(image)).toEqual([...range(2, 99), ...range(101, LAST_TRACK)]);
  expect(told(dasdls, image)).toContain('VOLSER=ESE001');
  const compressed = join(folder(), 'compressed.ckd');
  told(dasdcopy, '-q', '-z', image, compressed);
  expect(told(cckdcdsk, '-3', compressed)).not.toMatch(/error/iu);
  expect(await released(compressed)).toEqual(await released(image));
});
