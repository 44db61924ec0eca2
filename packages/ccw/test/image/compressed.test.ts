import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { emptyTrack, packCchh, records } from '../../src/dasd/track-image.ts';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { encodeHeader } from '../../src/image/header.ts';
import { openImage } from '../../src/image/open.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SMALL, versionedTrack } from './support-tracks.ts';

const CYLINDERS = 200;

interface Shape {
  readonly identifier: 'CKD_C370' | 'CKD_C064';
  readonly isBig: boolean;
  readonly nullFormat: number;
  /** How each track that is in the file is compressed. */
  readonly tracks: ReadonlyMap<number, 0 | 1 | 2>;
  /** Null formats of tracks that are not, where the second table has one. */
  readonly nulls?: ReadonlyMap<number, number>;
}

function compress(track: number, how: number): Uint8Array {
  const image = versionedTrack(track, track);
  if (how === 0) return image;
  const rest =
    how === 1 ? deflateSync(image.subarray(5)) : new TextEncoder().encode('BZh5 and so on');
  const bytes = new Uint8Array(5 + rest.length);
  bytes.set(image.subarray(0, 5));
  bytes[0] = how;
  bytes.set(rest, 5);
  return bytes;
}

/** Makes an image by the description of its format; two second tables, the second of them all null. */
function build({ identifier, isBig, nullFormat, tracks, nulls = new Map() }: Shape): Uint8Array {
  const is64 = identifier === 'CKD_C064';
  const bytes = new Uint8Array(64 * 1024);
  const view = new DataView(bytes.buffer);
  const place = (at: number, value: number): void => {
    if (is64) view.setBigUint64(at, BigInt(value), !isBig);
    else view.setUint32(at, value, !isBig);
  };
  bytes.set(encodeHeader(SMALL));
  bytes.set(new TextEncoder().encode(identifier));
  bytes[512 + 3] = isBig ? 2 : 0;
  view.setUint32(512 + (is64 ? 12 : 40), CYLINDERS, true);
  bytes[512 + (is64 ? 72 : 44)] = nullFormat;
  const table = 2048;
  place(1024, table);
  const entrySize = is64 ? 16 : 8;
  const entry = (track: number, position: number, length: number): void => {
    place(table + track * entrySize, position);
    view.setUint16(table + track * entrySize + entrySize / 2, length, !isBig);
  };
  let end = 8192;
  for (const [track, how] of tracks) {
    const compressed = compress(track, how);
    bytes.set(compressed, end);
    entry(track, end, compressed.length);
    end += compressed.length;
  }
  for (const [track, format] of nulls) entry(track, 0, format);
  return bytes;
}

function open(bytes: Uint8Array): Promise<TrackStore> {
  const disk = new SimulatedDisk(new Map([['/c', bytes]]));
  return openImage('/c', { files: disk, locks: [], isReadOnly: true });
}

const SHAPES = [
  { identifier: 'CKD_C370', isBig: false },
  { identifier: 'CKD_C370', isBig: true },
  { identifier: 'CKD_C064', isBig: false },
] as const;

for (const shape of SHAPES) {
  test(`${shape.identifier} is read, numbers ${shape.isBig ? 'big' : 'little'}-endian`, async () => {
    const tracks = new Map<number, 0 | 1>([
      [0, 0],
      [1, 1],
      [255, 1],
    ]);
    const store = await open(build({ ...shape, nullFormat: 1, tracks }));
    expect(store.geometry.cylinders).toBe(CYLINDERS);
    for (const track of tracks.keys()) {
      expect(await store.read(track)).toEqual(versionedTrack(track, track));
    }
    expect(await store.read(256)).toEqual(emptyTrack(packCchh(128, 0)));
    await store.close();
  });
}

async function shapeOf(store: TrackStore, track: number): Promise<string[]> {
  return [...records(await store.read(track))].map((each) => `${each.number}/${each.dataLength}`);
}

const LINUX = ['0/8', ...Array.from({ length: 12 }, (_, at) => `${at + 1}/4096`)];

test.each([
  [0, ['0/8', '1/0']],
  [1, ['0/8']],
  [9, ['0/8', '1/0']],
])('tracks that are not in the file are as null format %i says', async (nullFormat, expected) => {
  const store = await open(
    build({ identifier: 'CKD_C370', isBig: false, nullFormat, tracks: new Map() }),
  );
  expect(await shapeOf(store, 300)).toEqual(expected);
  await store.close();
});

test('a track can have a null format of its own', async () => {
  const bytes = build({
    identifier: 'CKD_C370',
    isBig: false,
    nullFormat: 2,
    tracks: new Map(),
    nulls: new Map([
      [3, 1],
      [4, 2],
    ]),
  });
  new DataView(bytes.buffer).setUint32(12, 56832, true);
  const store = await open(bytes);
  expect(await shapeOf(store, 3)).toEqual(['0/8']);
  expect(await shapeOf(store, 4)).toEqual(LINUX);
  expect(await shapeOf(store, 350)).toEqual(LINUX);
  await store.close();
});

test('a compressed image is EROFS for writing', async () => {
  const bytes = build({ identifier: 'CKD_C370', isBig: false, nullFormat: 0, tracks: new Map() });
  const disk = new SimulatedDisk(new Map([['/c', bytes]]));
  await expect(openImage('/c', { files: disk, locks: [] })).rejects.toMatchObject({
    code: 'EROFS',
  });
  expect(disk.openFiles).toBe(0);
});

test('a track in bzip2 is EOPNOTSUPP and says what to do', async () => {
  const tracks = new Map([[5, 2 as const]]);
  const store = await open(build({ identifier: 'CKD_C370', isBig: false, nullFormat: 0, tracks }));
  await expect(async () => store.read(5)).rejects.toMatchObject({
    code: 'EOPNOTSUPP',
    message: expect.stringContaining('dasdcopy'),
  });
  await store.close();
});

/** Changes one field of an image with track 5 in it. */
function damage(at: number, ...values: readonly number[]): Uint8Array {
  const tracks = new Map([[5, 1 as const]]);
  const bytes = build({ identifier: 'CKD_C370', isBig: false, nullFormat: 0, tracks });
  bytes.set(values, at);
  return bytes;
}

test.each([
  ['whose table is past the end', damage(1024, 0, 0, 0, 0x10)],
  ['whose table is in a base image', damage(1024, 255, 255, 255, 255)],
  ['that is past the end', damage(2048 + 40, 0, 0, 0, 0x10)],
  ['that is in a base image', damage(2048 + 40, 255, 255, 255, 255)],
  ['that is shorter than a home address', damage(2048 + 44, 4, 0)],
  ['whose data is no stream', damage(8192 + 5, 1, 2, 3, 4)],
  ['of an unknown compression', damage(8192, 3)],
  ['with another home address', damage(8192 + 2, 9)],
])('a track %s is EIO', async (_, bytes) => {
  const store = await open(bytes);
  await expect(async () => store.read(5)).rejects.toMatchObject({ code: 'EIO' });
  await store.close();
});

test('a track at a place that no file has is EIO', async () => {
  const tracks = new Map([[5, 1 as const]]);
  const bytes = build({ identifier: 'CKD_C064', isBig: false, nullFormat: 0, tracks });
  bytes.fill(0x7f, 2048 + 5 * 16, 2048 + 5 * 16 + 8);
  const store = await open(bytes);
  await expect(async () => store.read(5)).rejects.toMatchObject({ code: 'EIO' });
  await store.close();
});

test.each([
  ['that another program has open', damage(512 + 3, 0x80), 'EBUSY'],
  ['without cylinders', damage(512 + 40, 0, 0, 0, 0), 'EINVAL'],
  ['with more cylinders than its table', damage(512 + 42, 0xff), 'EINVAL'],
  ['that ends early', damage(0).subarray(0, 1000), 'EINVAL'],
])('an image %s is refused', async (_, bytes, code) => {
  await expect(open(bytes)).rejects.toMatchObject({ code });
});
