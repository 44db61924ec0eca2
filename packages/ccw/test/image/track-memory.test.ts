import { expect, test } from 'vitest';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { openImage } from '../../src/image/open.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SMALL, smallVolume, versionedTrack } from './support-tracks.ts';

const IMAGE = '/disk/small.ckd';

interface Opened extends AsyncDisposable {
  readonly disk: SimulatedDisk;
  readonly store: TrackStore;
}

async function opened(cacheTracks: number, bytes = smallVolume(10)): Promise<Opened> {
  const disk = new SimulatedDisk(new Map([[IMAGE, bytes]]));
  const store = await openImage(IMAGE, { files: disk, locks: [], cacheTracks });
  return { disk, store, [Symbol.asyncDispose]: () => store.close() };
}

async function readAndRelease(store: TrackStore, ...tracks: readonly number[]): Promise<void> {
  for (const track of tracks) store.release?.(track, await store.read(track));
}

test('a track that was released and displaced gives its memory to another', async () => {
  await using volume = await opened(1);
  const image = await volume.store.read(3);
  volume.store.release?.(3, image);
  await readAndRelease(volume.store, 7);
  expect((await volume.store.read(11)).buffer).toBe(image.buffer);
});

test('a track that was not released stays as it is', async () => {
  await using volume = await opened(1);
  const image = await volume.store.read(3);
  await readAndRelease(volume.store, 7, 11, 2, 9, 5);
  expect(image).toEqual(versionedTrack(3, 0));
});

test('a track that two were given stays as it is until both have released it', async () => {
  await using volume = await opened(1);
  const [image] = await Promise.all([volume.store.read(3), volume.store.read(3)]);
  volume.store.release?.(3, image);
  await readAndRelease(volume.store, 7, 11, 2, 9, 5);
  expect(image).toEqual(versionedTrack(3, 0));
});

test('a track that was written stays as it is for those who have it, released or not', async () => {
  await using volume = await opened(1);
  await volume.store.write(3, versionedTrack(3, 4));
  const image = await volume.store.read(3);
  await volume.store.flush();
  await readAndRelease(volume.store, 3);
  await readAndRelease(volume.store, 7, 11, 2, 9, 5);
  expect(image).toEqual(versionedTrack(3, 4));
});

test('a track that was released before it was written gives its memory back once', async () => {
  await using volume = await opened(8);
  await readAndRelease(volume.store, 3);
  await volume.store.write(3, versionedTrack(3, 4));
  await volume.store.flush();
  const [a, b] = [await volume.store.read(7), await volume.store.read(11)];
  expect(a.buffer).not.toBe(b.buffer);
});

test('a track that was replaced while two waited for it stays as it is for both', async () => {
  await using volume = await opened(1);
  const gate = Promise.withResolvers<void>();
  volume.disk.afterRead = () => gate.promise;
  const reading = Promise.all([volume.store.read(4), volume.store.read(4)]);
  await volume.store.write(4, versionedTrack(4, 3));
  gate.resolve();
  const [image] = await reading;
  volume.store.release?.(4, image);
  await readAndRelease(volume.store, 7, 11, 2, 9, 5);
  expect(image).toEqual(versionedTrack(4, 3));
});

test('tracks that are asked for out of order bring no others', async () => {
  await using volume = await opened(32);
  const lengths: number[] = [];
  volume.disk.beforeRead = (_path, at) => void lengths.push((at - 512) / SMALL.trackSize);
  await readAndRelease(volume.store, 3, 9, 5, 12, 8, 4, 10);
  expect(lengths).toEqual([3, 9, 5, 12, 8, 4, 10]);
});

test('a damaged track does not keep the others of its run away', async () => {
  const bytes = smallVolume(10);
  bytes.fill(0x55, 512 + 6 * SMALL.trackSize, 512 + 7 * SMALL.trackSize);
  await using volume = await opened(32, bytes);
  await readAndRelease(volume.store, 3, 4, 5);
  await expect(async () => volume.store.read(6)).rejects.toMatchObject({ code: 'EIO' });
  expect(await volume.store.read(7)).toEqual(versionedTrack(7, 0));
});

test('where a run cannot be read, each of its tracks is read alone', async () => {
  await using volume = await opened(32);
  await readAndRelease(volume.store, 3);
  let fails = 1;
  volume.disk.beforeRead = () => {
    fails -= 1;
    if (fails === 0) throw new Error('made to fail');
  };
  expect(await volume.store.read(4)).toEqual(versionedTrack(4, 0));
  expect(await volume.store.read(5)).toEqual(versionedTrack(5, 0));
});
