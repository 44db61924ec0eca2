import { expect, test } from 'vitest';
import { isErrno } from '@vfio-ts/core';
import { encodeEbcdic } from '../../src/architecture/ebcdic.ts';
import { buildTrack, emptyTrack, packCchh } from '../../src/dasd/track-image.ts';
import type { RecordContents } from '../../src/dasd/track-image.ts';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { decodeDataset } from '../../src/image/dscb.ts';
import { formattedTrack, volumeLabel } from '../../src/image/volume-format.ts';
import { readVtoc } from '../../src/image/vtoc.ts';

const GEOMETRY = { cylinders: 20, heads: 15, trackSize: 56_832, deviceType: 0x3390, serial: '' };

/** A store in memory. */
function storeOf(tracks: ReadonlyMap<number, Uint8Array>): TrackStore {
  return {
    geometry: GEOMETRY,
    isReadOnly: true,
    read: (track) => tracks.get(track) ?? formattedTrack(GEOMETRY, 'empty', 'VOLUME', track),
    write: () => {},
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

interface Entry {
  readonly format?: number;
  readonly organization?: number;
  readonly recordFormat?: number;
  readonly created?: readonly number[];
  readonly extents?: readonly (readonly [first: number, last: number])[];
  readonly next?: readonly number[];
}

function putExtent(bytes: Uint8Array, at: number, [first, last]: readonly [number, number]): void {
  const view = new DataView(bytes.buffer, at);
  view.setUint8(0, 1);
  view.setUint32(2, first);
  view.setUint32(6, last);
}

function datasetDscb(name: string, entry: Entry): Uint8Array {
  const { format = 0xf1, organization = 0x4000, recordFormat = 0x90, extents = [] } = entry;
  const bytes = new Uint8Array(140);
  const view = new DataView(bytes.buffer);
  bytes.set(encodeEbcdic(name, { length: 44 }));
  bytes[44] = format;
  bytes.set(entry.created ?? [0, 0, 0], 53);
  bytes[59] = extents.length;
  view.setUint16(82, organization);
  bytes[84] = recordFormat;
  view.setUint16(86, 27_920);
  view.setUint16(88, 80);
  extents.slice(0, 3).forEach((extent, at) => putExtent(bytes, 105 + at * 10, extent));
  bytes.set(entry.next ?? [], 135);
  return bytes;
}

function moreExtents(
  extents: readonly (readonly [number, number])[],
  next: readonly number[],
): Uint8Array {
  const bytes = new Uint8Array(140);
  bytes.fill(3, 0, 4);
  bytes[44] = 0xf3;
  extents.forEach((extent, at) => putExtent(bytes, at < 4 ? 4 + at * 10 : 5 + at * 10, extent));
  bytes.set(next, 135);
  return bytes;
}

/** Puts DSCBs behind the first two on the first track of the VTOC. */
function withDscbs(dscbs: readonly Uint8Array[]): TrackStore {
  const empty = formattedTrack(GEOMETRY, 'empty', 'VOLUME', 1);
  const two = empty.subarray(5 + 16, 5 + 16 + 2 * 148);
  const contents: RecordContents[] = [
    { number: 0, data: new Uint8Array(8) },
    { number: 1, key: two.subarray(8, 52), data: two.subarray(52, 148) },
    ...dscbs.map((dscb, at) => ({
      number: 3 + at,
      key: dscb.subarray(0, 44),
      data: dscb.subarray(44),
    })),
  ];
  return storeOf(new Map([[1, buildTrack(1, contents)]]));
}

test('a dataset is a row', async () => {
  const extents = [[packCchh(1, 0), packCchh(1, 14)] as const];
  const created = [126, 0, 60];
  const { datasets } = await readVtoc(
    withDscbs([datasetDscb('SYS1.MACLIB', { extents, created })]),
  );
  expect(datasets).toEqual([
    {
      name: 'SYS1.MACLIB',
      organization: 'PS',
      recordFormat: 'FB',
      recordLength: 80,
      blockSize: 27_920,
      extents: [{ first: packCchh(1, 0), last: packCchh(1, 14) }],
      created: '2026-03-01',
    },
  ]);
});

test.each([
  [0x4000, 'PS'],
  [0x4100, 'PSU'],
  [0x0200, 'PO'],
  [0x2000, 'DA'],
  [0x8000, 'IS'],
  [0x0008, 'VS'],
  [0, ''],
])('organization %i is %j', (organization, text) => {
  expect(decodeDataset(datasetDscb('A', { organization }))?.organization).toBe(text);
});

test.each([
  [0xc0, 'U'],
  [0x80, 'F'],
  [0x94, 'FBA'],
  [0x98, 'FBS'],
  [0x40, 'V'],
  [0x5a, 'VBSM'],
  [0x30, 'DB'],
  [0, ''],
])('record format %i is %j', (recordFormat, text) => {
  expect(decodeDataset(datasetDscb('A', { recordFormat }))?.recordFormat).toBe(text);
});

test.each([
  [[100, 1, 110], '2000-12-31'],
  [[26, 0, 1], '1926-01-01'],
  [[99, 0, 0], ''],
  [[99, 1, 255], ''],
])('created %j is %j', (created, text) => {
  expect(decodeDataset(datasetDscb('A', { created }))?.created).toBe(text);
});

test('a DSCB of format 8 is a dataset, one of format 3 or 5 is none', () => {
  expect(decodeDataset(datasetDscb('A', { format: 0xf8 }))?.name).toBe('A');
  for (const format of [0, 0xf3, 0xf5]) {
    expect(decodeDataset(datasetDscb('A', { format }))).toBeUndefined();
  }
});

test('extents behind the third come from a chain of other DSCBs', async () => {
  const extents = Array.from({ length: 20 }, (_, at) => [at * 16, at * 16 + 3] as const);
  const store = withDscbs([
    datasetDscb('MANY', { extents: extents.slice(0, 3), next: [0, 0, 0, 1, 4] }),
    moreExtents(extents.slice(3, 16), [0, 0, 0, 1, 5]),
    moreExtents(extents.slice(16), []),
  ]);
  const { datasets } = await readVtoc(store);
  expect(datasets.map(({ name }) => name)).toEqual(['MANY']);
  expect(datasets[0]?.extents).toEqual(extents.map(([first, last]) => ({ first, last })));
});

test('a chain that goes in a circle ends', async () => {
  const extents = [[1, 2] as const];
  const store = withDscbs([
    datasetDscb('CIRCLE', { extents, next: [0, 0, 0, 1, 4] }),
    moreExtents(extents, [0, 0, 0, 1, 4]),
  ]);
  expect((await readVtoc(store)).datasets[0]?.extents.length).toBeLessThan(100);
});

function labelled(label: Uint8Array, key?: Uint8Array): TrackStore {
  const record = key === undefined ? { number: 3, data: label } : { number: 3, key, data: label };
  return storeOf(new Map([[0, buildTrack(0, [record])]]));
}

const LABEL = volumeLabel('VOLUME', 'ME', packCchh(0, 1));

test('a Linux volume without a VTOC has its serial number and no datasets', async () => {
  const label = new Uint8Array(80);
  label.set(encodeEbcdic('LNX1LDL001'));
  const expected = { serial: 'LDL001', owner: '', label: 'LNX1', datasets: [] };
  expect(await readVtoc(labelled(label))).toEqual(expected);
});

test('a label that names no VTOC has no datasets', async () => {
  const label = LABEL.slice().fill(0, 11, 16);
  expect(await readVtoc(labelled(label, encodeEbcdic('VOL1')))).toMatchObject({
    serial: 'VOLUME',
    owner: 'ME',
    datasets: [],
  });
});

test.each([
  ['without a third record', storeOf(new Map([[0, emptyTrack(0)]]))],
  ['with another label', labelled(encodeEbcdic('XXXXXXXXXX'))],
  ['with a short label', labelled(LABEL.subarray(0, 79), encodeEbcdic('VOL1'))],
  [
    'whose VTOC is beyond its end',
    labelled(LABEL.slice().fill(0x7f, 11, 12), encodeEbcdic('VOL1')),
  ],
])('a volume %s is EIO', async (_, store) => {
  const error = await readVtoc(store).catch((thrown: unknown) => thrown);
  expect(isErrno(error, 'EIO')).toBe(true);
});
