import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test as base } from 'vitest';
import { encodeEbcdic } from '../../src/architecture/ebcdic.ts';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { buildTrack, dataOf, packCchh, records } from '../../src/dasd/track-image.ts';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { createVolume } from '../../src/image/create.ts';
import { openImage } from '../../src/image/open.ts';
import { readVtoc } from '../../src/image/vtoc.ts';
import { withHercules } from './hercules.ts';
import type { HerculesTool, WithHercules } from './hercules.ts';

const test = base.extend<WithHercules>(withHercules);

/** The number, key length and data length of each record of a track. */
async function shape(store: TrackStore, track: number): Promise<string[]> {
  const found = [...records(await store.read(track))];
  return found.map(({ number, keyLength, dataLength }) => `${number} ${keyLength}/${dataLength}`);
}

async function readAll(store: TrackStore): Promise<Uint8Array[]> {
  const tracks: Uint8Array[] = [];
  const count = store.geometry.cylinders * store.geometry.heads;
  for (let track = 0; track < count; track += 1) tracks.push((await store.read(track)).slice());
  return tracks;
}

const BLOCKS = Array.from({ length: 12 }, (_, at) => `${at + 1} 0/4096`);

interface Made {
  readonly args: readonly string[];
  readonly device: string;
  readonly cylinders: number;
  readonly trackSize: number;
  /** Track 2. */
  readonly third: readonly string[];
}

const MADE: readonly Made[] = [
  { args: [], device: '3390-1', cylinders: 40, trackSize: 56832, third: ['0 0/8'] },
  { args: ['-lfs'], device: '3390-3', cylinders: 20, trackSize: 56832, third: ['0 0/8'] },
  {
    args: ['-linux'],
    device: '3390-9',
    cylinders: 10,
    trackSize: 56832,
    third: ['0 0/8', ...BLOCKS],
  },
  { args: [], device: '3380', cylinders: 10, trackSize: 47616, third: ['0 0/8'] },
  { args: ['-z'], device: '3390-1', cylinders: 40, trackSize: 56832, third: ['0 0/8', '1 0/0'] },
  { args: ['-0'], device: '3390-2', cylinders: 40, trackSize: 56832, third: ['0 0/8', '1 0/0'] },
  {
    args: ['-z', '-linux'],
    device: '3390-3',
    cylinders: 50,
    trackSize: 56832,
    third: ['0 0/8', ...BLOCKS],
  },
];

for (const { args, device, cylinders, trackSize, third } of MADE) {
  test(`what dasdinit ${[...args, device].join(' ')} has made can be read`, async ({
    folder,
    hercules,
  }) => {
    hercules('dasdinit', ...args, 'made.ckd', device, 'MADE01', String(cylinders));
    const store = await openImage(join(folder, 'made.ckd'), { isReadOnly: true });
    const deviceType = Number.parseInt(device.slice(0, 4), 16);
    expect(store.geometry).toEqual({ cylinders, heads: 15, trackSize, deviceType, serial: '' });
    expect((await readVtoc(store)).serial).toBe('MADE01');
    expect((await shape(store, 0)).slice(0, 4)).toEqual(['0 0/8', '1 4/24', '2 4/144', '3 4/80']);
    expect(await shape(store, 2)).toEqual(third);
    expect(await readAll(store)).toHaveLength(cylinders * 15);
    await store.close();
  });
}

/** A volume with a sequential dataset of 100 records in it and an empty library. */
function loadVolume(folder: string, hercules: HerculesTool): string {
  const records80 = Uint8Array.from({ length: 8000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
  writeFileSync(join(folder, 'seq.bin'), records80);
  const control = [
    'LOAD01 3390 20',
    'SYS1.VTOC VTOC CYL 1',
    'TEST.EMPTY EMPTY TRK 5 2 0 PS VB 255 6233',
    'TEST.LIBRARY EMPTY CYL 2 1 10 PO FB 80 6160',
    'TEST.SEQ SEQ seq.bin TRK 5 1 0 PS FB 80 6160',
  ];
  writeFileSync(join(folder, 'control'), `${control.join('\n')}\n`);
  hercules('dasdload', 'control', 'load.ckd');
  return join(folder, 'load.ckd');
}

/** A run of tracks from the beginning of a cylinder on. */
function extent(cylinder: number, last: number, head: number): object[] {
  return [{ first: packCchh(cylinder, 0), last: packCchh(last, head) }];
}

test('the datasets that dasdload has made are in the table of contents', async ({
  folder,
  hercules,
}) => {
  const store = await openImage(loadVolume(folder, hercules), { isReadOnly: true });
  const { datasets, owner } = await readVtoc(store);
  expect(owner).toBe('HERCULES');
  const rows = datasets.map((each) => [
    each.name,
    each.organization,
    each.recordFormat,
    each.recordLength,
    each.blockSize,
    each.extents,
  ]);
  expect(rows).toEqual([
    ['TEST.EMPTY', 'PS', 'VB', 255, 6233, extent(2, 2, 4)],
    ['TEST.LIBRARY', 'PO', 'FB', 80, 6160, extent(3, 4, 14)],
    ['TEST.SEQ', 'PS', 'FB', 80, 6160, extent(5, 5, 4)],
  ]);
  for (const { created } of datasets) expect(created).toMatch(/^20\d\d-\d\d-\d\d$/v);
  await store.close();
});

test('the data that dasdload has written is read', async ({ folder, hercules }) => {
  const store = await openImage(loadVolume(folder, hercules), { isReadOnly: true });
  const image = await store.read(5 * 15);
  const data = [...records(image)].slice(1).map((record) => dataOf(image, record));
  expect(Buffer.concat(data)).toEqual(readFileSync(join(folder, 'seq.bin')));
  await store.close();
});

test('dasdcopy compresses a volume of ours, and the copy has the same tracks', async ({
  folder,
  hercules,
}) => {
  const path = join(folder, 'own.ckd');
  await createVolume(path, { model: 12, serial: 'COPY01' });
  const store = await openImage(path);
  const data = Uint8Array.from({ length: 20_000 }, (_, at) => at & 0xff);
  for (let track = 20; track < 60; track += 1) {
    const cchh = packCchh(Math.floor(track / 15), track % 15);
    const r0 = { number: 0, data: new Uint8Array(8) };
    const own = [
      r0,
      { number: 1, data: data.subarray(track) },
      { number: 2, key: data.subarray(0, 9), data },
    ];
    await store.write(track, buildTrack(cchh, own));
  }
  const expected = await readAll(store);
  await store.close();
  for (const option of ['-z', '-0']) {
    hercules('dasdcopy', '-q', '-r', option, 'own.ckd', 'copy.ckd');
    const copy = await openImage(join(folder, 'copy.ckd'), { isReadOnly: true });
    expect((await readAll(copy)).slice(20, 60)).toEqual(expected.slice(20, 60));
    await copy.close();
  }
  hercules('dasdcopy', '-q', '-o', 'CKD', 'copy.ckd', 'back.ckd');
  const back = await openImage(join(folder, 'back.ckd'), { isReadOnly: true });
  expect((await readAll(back)).slice(20, 60)).toEqual(expected.slice(20, 60));
  await back.close();
});

test('dasdseq reads the records that we have written', async ({ folder, hercules }) => {
  const path = loadVolume(folder, hercules);
  const store = await openImage(path);
  const text = Array.from({ length: 77 }, (_, at) => encodeEbcdic(`RECORD ${at}`, { length: 80 }));
  const block = { number: 1, data: new Uint8Array(Buffer.concat(text)) };
  const r0 = { number: 0, data: new Uint8Array(8) };
  const end = { number: 2, data: new Uint8Array(0) };
  await store.write(5 * 15, buildTrack(packCchh(5, 0), [r0, block, end]));
  await store.close();
  hercules('dasdseq', '-ascii', 'load.ckd', 'TEST.SEQ');
  const lines = readFileSync(join(folder, 'TEST.SEQ'), 'latin1').trimEnd().split('\n');
  expect(lines).toEqual(Array.from({ length: 77 }, (_, at) => `RECORD ${at}`));
});

/** A directory block of a library with one member, at track 1 record 1 of it. */
function directoryBlock(member: string): Uint8Array {
  const data = new Uint8Array(256);
  data.set([0, 2 + 12 + 12]);
  data.set(encodeEbcdic(member, { length: 8 }), 2);
  data.set([0, 1, 1, 0], 10);
  data.fill(0xff, 14, 22);
  return data;
}

const LINES = ['//HELLO JOB', '//* A MEMBER', '//'];

/** Puts a member into the library of {@link loadVolume}. */
async function writeMember(store: TrackStore): Promise<void> {
  const first = 3 * 15;
  const r0 = { number: 0, data: new Uint8Array(8) };
  const cards = LINES.map((line) => encodeEbcdic(line, { length: 80 }));
  const key = new Uint8Array(8).fill(0xff);
  const directory = { number: 1, key, data: directoryBlock('HELLO') };
  const end = { number: 2, data: new Uint8Array(0) };
  await store.write(first, buildTrack(packCchh(3, 0), [r0, directory, end]));
  const member = { number: 1, data: new Uint8Array(Buffer.concat(cards)) };
  await store.write(first + 1, buildTrack(packCchh(3, 1), [r0, member, end]));
}

/** Lines of a text, without the blanks and the empty line at their ends. */
function linesOf(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
}

test('dasdpdsu and dasdcat give back a member that we have written', async ({
  folder,
  hercules,
}) => {
  const store = await openImage(loadVolume(folder, hercules));
  await writeMember(store);
  await store.close();
  expect(hercules('dasdcat', '-i', 'load.ckd', 'TEST.LIBRARY/?')).toContain('hello');
  expect(linesOf(hercules('dasdcat', '-i', 'load.ckd', 'TEST.LIBRARY/HELLO:c'))).toEqual(LINES);
  hercules('dasdpdsu', 'load.ckd', 'TEST.LIBRARY', 'ascii');
  expect(linesOf(readFileSync(join(folder, 'hello.mac'), 'latin1'))).toEqual(LINES);
});

/** Release Allocated Space of a first to a last cylinder. */
async function release(store: TrackStore, first: number, last: number): Promise<void> {
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(packCchh(first, 0), 0);
  ends.writeUInt32BE(packCchh(last, 14), 4);
  const data = Buffer.concat([Buffer.from(`81002000${'00'.repeat(16)}00010000`, 'hex'), ends]);
  const unit = new DasdControlUnit(store);
  unit.begin();
  await unit.execute({ code: 0xf7, count: 32, data, previous: undefined, isChained: false });
  await unit.end(false);
}

test('released tracks are read by dasdcat and dasdseq as those of no data, and others as they were', async ({
  folder,
  hercules,
}) => {
  const store = await openImage(loadVolume(folder, hercules));
  await writeMember(store);
  await release(store, 5, 19);
  await store.close();
  expect(linesOf(hercules('dasdcat', '-i', 'load.ckd', 'TEST.LIBRARY/HELLO:c'))).toEqual(LINES);
  expect(hercules('dasdls', 'load.ckd')).toContain('TEST.SEQ');
  hercules('dasdseq', 'load.ckd', 'TEST.SEQ');
  expect(readFileSync(join(folder, 'TEST.SEQ'))).toHaveLength(0);
});

interface Created {
  readonly model: string | number;
  readonly format?: 'empty' | 'linux';
  readonly cylindersPerFile?: number;
}

const CREATED: readonly Created[] = [
  { model: 1 },
  { model: 20, format: 'linux' },
  { model: 20, cylindersPerFile: 6 },
  { model: '3390-1' },
];

for (const options of CREATED) {
  test(`dasdls accepts a new volume of ${JSON.stringify(options)}`, async ({
    folder,
    hercules,
  }) => {
    const path = join(folder, 'new.ckd');
    await createVolume(path, { serial: 'NEW001', ...options });
    const listed = hercules('dasdls', 'new.ckd');
    expect(listed).toContain('VOLSER=NEW001');
    expect(listed).not.toContain('not found');
    const store = await openImage(path, { isReadOnly: true });
    expect(await readVtoc(store)).toMatchObject({ serial: 'NEW001', label: 'VOL1', datasets: [] });
    await store.close();
  });
}
