import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { buildTrack, packCchh } from '../../src/dasd/track-image.ts';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { openImage } from '../../src/image/open.ts';
import type { OpenImageOptions } from '../../src/image/open.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { encodeHeader } from '../../src/image/header.ts';
import { SMALL, smallVolume, versionedTrack, versionOf } from './support-tracks.ts';

const IMAGE = '/disk/small.ckd';
const CYLINDERS = 10;
const TRACKS = CYLINDERS * SMALL.heads;

interface Opened extends AsyncDisposable {
  readonly disk: SimulatedDisk;
  readonly store: TrackStore;
}

async function opened(
  options: OpenImageOptions = {},
  bytes = smallVolume(CYLINDERS),
): Promise<Opened> {
  const disk = new SimulatedDisk(new Map([[IMAGE, bytes]]));
  const store = await openImage(IMAGE, { files: disk, locks: [], ...options });
  return { disk, store, [Symbol.asyncDispose]: () => store.close().catch(() => {}) };
}

/** Where the image was read, as track numbers, from now on. */
function watchReads(disk: SimulatedDisk): number[] {
  const tracks: number[] = [];
  disk.beforeRead = (path, at) => {
    if (path === IMAGE) tracks.push((at - 512) / SMALL.trackSize);
  };
  return tracks;
}

test('the geometry is that of the header and the size', async () => {
  await using volume = await opened();
  const { heads, trackSize, deviceType, serial } = SMALL;
  expect(volume.store.geometry).toEqual({
    cylinders: CYLINDERS,
    heads,
    trackSize,
    deviceType,
    serial,
  });
});

test('a track that was read is given at once the next time, without a read', async () => {
  await using volume = await opened();
  await volume.store.read(5);
  const reads = watchReads(volume.disk);
  expect(volume.store.read(5)).toBeInstanceOf(Uint8Array);
  expect(reads).toEqual([]);
});

test('two reads of one track at one time are one read of the file', async () => {
  await using volume = await opened();
  const reads = watchReads(volume.disk);
  const [a, b] = await Promise.all([volume.store.read(7), volume.store.read(7)]);
  expect(a).toBe(b);
  expect(reads).toEqual([7]);
});

test('who reads in order finds the next track in memory', async () => {
  await using volume = await opened();
  await volume.store.read(3);
  const reads = watchReads(volume.disk);
  await volume.store.read(4);
  expect(reads).toEqual([4, 5, 6]);
  await Promise.resolve();
  expect(volume.store.read(5)).toBeInstanceOf(Uint8Array);
});

test('nothing behind the last track is read ahead', async () => {
  await using volume = await opened();
  await volume.store.read(TRACKS - 2);
  const reads = watchReads(volume.disk);
  await volume.store.read(TRACKS - 1);
  expect(reads).toEqual([TRACKS - 1]);
});

test('no more tracks are kept than wanted, and those used last stay', async () => {
  await using volume = await opened({ cacheTracks: 2 });
  for (const track of [1, 5, 9, 5, 15]) await volume.store.read(track);
  const reads = watchReads(volume.disk);
  for (const track of [15, 5]) await volume.store.read(track);
  expect(reads).toEqual([]);
  await volume.store.read(9);
  expect(reads).toEqual([9]);
});

test('what is read has no bytes behind the end mark', async () => {
  await using volume = await opened();
  expect(await volume.store.read(3)).toEqual(versionedTrack(3, 0));
});

test('what was written is read at once, before and after a flush', async () => {
  await using volume = await opened();
  const image = versionedTrack(2, 9);
  void volume.store.write(2, image);
  expect(volume.store.read(2)).toEqual(image);
  await volume.store.flush();
  expect(volume.store.read(2)).toEqual(image);
});

test('the caller may change its image after the write', async () => {
  await using volume = await opened();
  const image = Buffer.from(versionedTrack(2, 9));
  void volume.store.write(2, image);
  image.fill(0);
  expect(versionOf(2, await volume.store.read(2))).toBe(9);
});

test('a read that began before a write gives one or the other, never what it saw between', async () => {
  await using volume = await opened();
  const gate = Promise.withResolvers<void>();
  volume.disk.beforeRead = () => gate.promise;
  const reading = volume.store.read(4);
  void volume.store.write(4, versionedTrack(4, 3));
  volume.disk.files.set(IMAGE, volume.disk.content(IMAGE).fill(0, 512 + 4 * SMALL.trackSize));
  gate.resolve();
  expect(versionOf(4, await reading)).toBe(3);
});

test('a track that was read before its write was flushed does not come back', async () => {
  await using volume = await opened();
  const gate = Promise.withResolvers<void>();
  volume.disk.afterRead = () => gate.promise;
  const reading = volume.store.read(4);
  void volume.store.write(4, versionedTrack(4, 3));
  await volume.store.flush();
  gate.resolve();
  expect(versionOf(4, await reading)).toBe(3);
  expect(versionOf(4, await volume.store.read(4))).toBe(3);
});

for (const isReadOnly of [false, true]) {
  test(`close waits for reads that are under way (${isReadOnly})`, async () => {
    await using volume = await opened({ isReadOnly });
    const [began, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    volume.disk.afterRead = () => {
      began.resolve();
      return gate.promise;
    };
    const reading = volume.store.read(4);
    await began.promise;
    const closing = volume.store.close();
    await new Promise(setImmediate);
    expect(volume.disk.openFiles).toBeGreaterThan(0);
    gate.resolve();
    expect(versionOf(4, await reading)).toBe(0);
    await closing;
    expect(volume.disk.openFiles).toBe(0);
  });
}

test('a flush writes to the image what an earlier one could not', async () => {
  await using volume = await opened();
  volume.disk.beforeWrite = (path) => {
    if (path === IMAGE) throw new VfioError('ENOSPC', 'write', path);
  };
  void volume.store.write(1, versionedTrack(1, 5));
  await expect(volume.store.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
  await expect(volume.store.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
  volume.disk.beforeWrite = () => {};
  await volume.store.flush();
  const slot = volume.disk.content(IMAGE).subarray(512 + SMALL.trackSize);
  expect(versionOf(1, slot.subarray(0, versionedTrack(1, 5).length))).toBe(5);
});

test('random tracks are read back through close and reopen', async () => {
  const record = fc.record({
    number: fc.nat({ max: 255 }),
    key: fc.uint8Array({ maxLength: 60 }),
    data: fc.uint8Array({ maxLength: 200 }),
  });
  const write = fc.record({
    track: fc.nat({ max: TRACKS - 1 }),
    contents: fc.array(record, { maxLength: 3 }),
    after: fc.constantFrom('nothing', 'flush', 'reopen'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      async (writes, cacheTracks) => {
        const disk = new SimulatedDisk(new Map([[IMAGE, smallVolume(CYLINDERS)]]));
        const options = { files: disk, locks: [], cacheTracks, journalSize: 5000 };
        const model = new Map<number, Uint8Array>();
        let store = await openImage(IMAGE, options);
        for (const { track, contents, after } of writes) {
          const image = buildTrack(packCchh(Math.floor(track / 2), track % 2), contents);
          await store.write(track, image);
          model.set(track, image);
          if (after === 'flush') await store.flush();
          if (after === 'reopen') {
            await store.close();
            store = await openImage(IMAGE, options);
          }
          expect(await store.read(track)).toEqual(image);
        }
        for (let track = 0; track < TRACKS; track += 1) {
          expect(await store.read(track)).toEqual(model.get(track) ?? versionedTrack(track, 0));
        }
        await store.close();
      },
    ),
    { numRuns: 60 },
  );
});

test('a write waits when very much is not flushed yet', async () => {
  await using volume = await opened({}, smallVolume(50));
  const waits: boolean[] = [];
  for (let track = 0; track < 64; track += 1) {
    const written = volume.store.write(track, versionedTrack(track, 1));
    waits.push(written !== undefined);
    await written;
  }
  expect(waits.indexOf(true)).toBe(63);
});

test('flushes at one time are done together', async () => {
  await using volume = await opened();
  volume.disk.log.length = 0;
  const flushes: Promise<void>[] = [];
  for (let track = 0; track < 10; track += 1) {
    void volume.store.write(track, versionedTrack(track, 1));
    flushes.push(volume.store.flush());
  }
  await Promise.all(flushes);
  const syncs = volume.disk.log.filter(({ kind }) => kind === 'sync');
  expect(syncs.length).toBeLessThanOrEqual(2);
});

test('a flush without anything written writes nothing', async () => {
  await using volume = await opened();
  volume.disk.log.length = 0;
  await volume.store.flush();
  expect(volume.disk.log).toEqual([]);
});

const cchhOf3 = packCchh(1, 1);
const tooLong = buildTrack(cchhOf3, [{ number: 0, data: new Uint8Array(SMALL.trackSize) }]);

test.each([
  ['no such track', 20, versionedTrack(20, 1), 'EINVAL'],
  ['a negative track', -1, versionedTrack(0, 1), 'EINVAL'],
  ['half a track', 0.5, versionedTrack(0, 1), 'EINVAL'],
  ['an image of another track', 3, versionedTrack(2, 1), 'EINVAL'],
  ['an image that is too long', 3, tooLong, 'EINVAL'],
  ['no image', 3, new Uint8Array(5), 'EINVAL'],
  ['an image without end mark', 3, versionedTrack(3, 1).subarray(0, 300), 'EINVAL'],
])('a write of %s is refused and changes nothing', async (_, track, image, code) => {
  await using volume = await opened();
  expect(() => volume.store.write(track, image)).toThrow(expect.objectContaining({ code }));
  expect(versionOf(3, await volume.store.read(3))).toBe(0);
});

test.each([20, -1, 0.5, Number.NaN])('a read of track %d is EINVAL', async (track) => {
  await using volume = await opened();
  expect(() => volume.store.read(track)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('a read-only store refuses writes with EROFS and writes nothing itself', async () => {
  await using volume = await opened({ isReadOnly: true });
  expect(volume.store.isReadOnly).toBe(true);
  expect(() => volume.store.write(3, versionedTrack(3, 1))).toThrow(
    expect.objectContaining({ code: 'EROFS' }),
  );
  await volume.store.flush();
  await volume.store.close();
  expect(volume.disk.log).toEqual([]);
});

for (const isReadOnly of [false, true]) {
  test(`after close everything is EBADF, and a second close does nothing (${isReadOnly})`, async () => {
    await using volume = await opened({ isReadOnly });
    await volume.store.close();
    await volume.store.close();
    expect(() => volume.store.read(1)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => volume.store.write(1, versionedTrack(1, 1))).toThrow(
      expect.objectContaining({ code: 'EBADF' }),
    );
    expect(volume.disk.openFiles).toBe(0);
  });
}

test.each([
  ['home address', 4, 99, 'home address'],
  ['length of a record', 511 + 12, 0xff, 'runs past'],
])('a track with a damaged %s is EIO, by number and place', async (_, at, value, text) => {
  const bytes = smallVolume(CYLINDERS);
  const offset = at >= 511 ? at - 511 : at;
  bytes[512 + 7 * SMALL.trackSize + offset] = value;
  await using volume = await opened({}, bytes);
  await expect(async () => volume.store.read(7)).rejects.toMatchObject({
    code: 'EIO',
    message: expect.stringMatching(new RegExp(`track 7 \\(cylinder 3 head 1\\).*${text}`, 'v')),
  });
  expect(versionOf(8, await volume.store.read(8))).toBe(0);
});

test('a damaged track can be written anew', async () => {
  const bytes = smallVolume(CYLINDERS);
  bytes.fill(0, 512 + 7 * SMALL.trackSize, 512 + 8 * SMALL.trackSize);
  await using volume = await opened({}, bytes);
  await expect(async () => volume.store.read(7)).rejects.toMatchObject({ code: 'EIO' });
  await volume.store.write(7, versionedTrack(7, 1));
  expect(versionOf(7, await volume.store.read(7))).toBe(1);
});

test('a read that failed is made again', async () => {
  await using volume = await opened();
  volume.disk.beforeRead = () => {
    throw new VfioError('EIO', 'read', 'the cable');
  };
  await expect(async () => volume.store.read(1)).rejects.toMatchObject({ code: 'EIO' });
  volume.disk.beforeRead = () => {};
  expect(versionOf(1, await volume.store.read(1))).toBe(0);
});

test('a journal without room fails the flush with ENOSPC, and a later one succeeds', async () => {
  await using volume = await opened();
  volume.disk.beforeWrite = (path) => {
    if (path !== IMAGE) throw new VfioError('ENOSPC', 'write', path);
  };
  void volume.store.write(1, versionedTrack(1, 5));
  await expect(volume.store.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(versionOf(1, await volume.store.read(1))).toBe(5);
  volume.disk.beforeWrite = () => {};
  await volume.store.flush();
  await volume.store.close();
  const slot = volume.disk.content(IMAGE).subarray(512 + SMALL.trackSize);
  const { length } = versionedTrack(1, 5);
  expect(versionOf(1, slot.subarray(0, length))).toBe(5);
});

test('an image without room fails the flush, and the journal keeps the track until there is', async () => {
  await using volume = await opened({ journalSize: 1500 });
  volume.disk.beforeWrite = (path) => {
    if (path === IMAGE) throw new VfioError('ENOSPC', 'write', path);
  };
  void volume.store.write(1, versionedTrack(1, 5));
  await expect(volume.store.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
  for (let track = 2; track < 6; track += 1) {
    void volume.store.write(track, versionedTrack(track, 6));
    await expect(volume.store.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
  }
  await expect(volume.store.close()).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(volume.disk.openFiles).toBe(0);

  const again = new SimulatedDisk(volume.disk.files);
  const store = await openImage(IMAGE, { files: again, locks: [] });
  expect(versionOf(1, await store.read(1))).toBe(5);
  await store.close();
});

test.each([
  ['the journal', `${IMAGE}.journal`],
  ['the image', IMAGE],
])('after a sync of %s has failed nothing is taken any more', async (_, failing) => {
  await using volume = await opened({ journalSize: 1500 });
  volume.disk.beforeSync = (path) => {
    if (path === failing) throw new VfioError('EIO', 'fdatasync', path);
  };
  const flushAll = async (): Promise<void> => {
    for (let track = 0; track < 9; track += 1) {
      void volume.store.write(track, versionedTrack(track, 1));
      await volume.store.flush();
    }
  };
  await expect(flushAll()).rejects.toMatchObject({ code: 'EIO' });
  volume.disk.beforeSync = () => {};
  expect(() => volume.store.write(1, versionedTrack(1, 2))).toThrow(
    expect.objectContaining({ code: 'EIO' }),
  );
  await expect(volume.store.flush()).rejects.toMatchObject({ code: 'EIO' });
  await expect(volume.store.close()).rejects.toMatchObject({ code: 'EIO' });
  expect(volume.disk.files.has(`${IMAGE}.journal`)).toBe(true);
});

/** A volume of 5 cylinders in three files. */
function inThree(): Map<string, Uint8Array> {
  const whole = smallVolume(5);
  const cylinder = SMALL.heads * SMALL.trackSize;
  const part = (sequence: number, from: number, to: number): Uint8Array => {
    const highestCylinder = to === 5 ? 0 : to - 1;
    const header = encodeHeader({ ...SMALL, sequence, highestCylinder });
    const bytes = new Uint8Array(512 + (to - from) * cylinder);
    bytes.set(header);
    bytes.set(whole.subarray(512 + from * cylinder, 512 + to * cylinder), 512);
    return bytes;
  };
  return new Map([
    ['/v_1.ckd', part(1, 0, 2)],
    ['/v_2.ckd', part(2, 2, 4)],
    ['/v_3.ckd', part(3, 4, 5)],
  ]);
}

for (const name of ['/v_1.ckd', '/v.ckd']) {
  test(`a volume in several files is opened as ${name}`, async () => {
    const disk = new SimulatedDisk(inThree());
    const store = await openImage(name, { files: disk, locks: [] });
    expect(store.geometry.cylinders).toBe(5);
    for (const track of [0, 3, 4, 7, 8, 9]) {
      expect(versionOf(track, await store.read(track))).toBe(0);
      await store.write(track, versionedTrack(track, track + 1));
    }
    await store.close();
    const again = await openImage(name, { files: disk, locks: [], isReadOnly: true });
    for (const track of [0, 3, 4, 7, 8, 9]) {
      expect(versionOf(track, await again.read(track))).toBe(track + 1);
    }
    await again.close();
    expect(disk.openFiles).toBe(0);
  });
}

type Change = (files: Map<string, Uint8Array>) => void;

function edit(name: string, at: number, value: number): Change {
  return (files) => files.get(name)?.set([value], at);
}

test.each<[string, string, Change, string]>([
  ['that begins with its second file', '/v_2.ckd', () => {}, 'EINVAL'],
  ['whose last file is missing', '/v_1.ckd', (files) => files.delete('/v_3.ckd'), 'ENOENT'],
  ['whose second file says it is the third', '/v.ckd', edit('/v_2.ckd', 17, 3), 'EINVAL'],
  ['whose second file has another geometry', '/v.ckd', edit('/v_2.ckd', 8, 1), 'EINVAL'],
  ['whose second file has another type', '/v.ckd', edit('/v_2.ckd', 16, 0x80), 'EINVAL'],
  ['whose first file says another highest cylinder', '/v.ckd', edit('/v_1.ckd', 18, 3), 'EINVAL'],
  ['that is not there', '/w.ckd', () => {}, 'ENOENT'],
])('a volume %s is refused and left closed', async (_, name, change, code) => {
  const files = inThree();
  change(files);
  const disk = new SimulatedDisk(files);
  await expect(openImage(name, { files: disk, locks: [] })).rejects.toMatchObject({ code });
  expect(disk.openFiles).toBe(0);
  expect(disk.log).toEqual([]);
});

test('a file that ends within a cylinder is refused', async () => {
  const bytes = smallVolume(2).slice(0, -SMALL.trackSize);
  await expect(opened({}, bytes)).rejects.toMatchObject({ code: 'EINVAL' });
});
