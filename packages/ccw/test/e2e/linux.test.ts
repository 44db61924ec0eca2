// What Linux does with a DASD from its recognition to the end, over a socket, on an image file; Hercules then reads
// what has become of the image.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { describe, expect, test } from 'vitest';
import { input, output } from '../../src/client/index.ts';
import { encodeEbcdic } from '../../src/architecture/ebcdic.ts';
import { buildTrack, packCchh } from '../../src/dasd/track-image.ts';
import { freeSpaceDscb, vtocDscb } from '../../src/image/dscb-build.ts';
import { openImage } from '../../src/image/open.ts';
import { readVtoc } from '../../src/image/vtoc.ts';
import { volumeLabel } from '../../src/image/volume-format.ts';
import * as linux from './linux-chains.ts';
import {
  folder,
  hex,
  NORMAL,
  pattern,
  runs,
  senseOf,
  ServedDasds,
  told,
  volume,
} from './served.ts';

const CYLINDERS = 10;
const R0 = { number: 0, data: new Uint8Array(8) };

describe('a DASD over the wire', () => {
  test('is recognised and set online', async () => {
    await using served = await ServedDasds.open([await volume()]);
    const { client } = served;
    const sense = await client.run(linux.SENSE_ID);
    const id = 'ff3990e93390020040fa010041270004423e0060';
    expect(sense.irb.scsw).toMatchObject({ deviceStatus: NORMAL, subchannelStatus: 0, count: 20 });
    expect(sense.data[0]?.toHex()).toBe(id);

    const before = await client.run(linux.SENSE_PATH_GROUP);
    expect(before.data[0]?.[0]).toBe(0);
    await client.run(linux.setPathGroup('80'));
    const grouped = await client.run(linux.SENSE_PATH_GROUP);
    expect((grouped.data[0]?.[0] ?? 0) & 0xc8).toBe(0xc8);
    expect(grouped.data[0]?.slice(1)).toEqual(hex(linux.PATH_GROUP));

    const [configuration] = await runs(client, linux.READ_CONFIGURATION);
    expect(configuration?.subarray(0, 4).toHex()).toBe('dc010100');
    const [characteristics] = await runs(client, linux.READ_CHARACTERISTICS);
    const view = new DataView(characteristics?.slice().buffer ?? new ArrayBuffer(64));
    expect([view.getUint16(12), view.getUint16(14), view.getUint32(60)]).toEqual([10, 15, 10]);
    await runs(client, linux.SET_CHARACTERISTICS);
    const [features] = await runs(client, linux.readSubsystem('41', 256));
    expect(features).toHaveLength(256);
    const [addresses] = await runs(client, linux.readSubsystem('0e', 512));
    expect(addresses).toHaveLength(512);
    for (const suborder of ['52', '53']) {
      expect(senseOf(await client.run(linux.readSubsystem(suborder, 8)))).toMatch(/^80/u);
    }
    await client.run(linux.setPathGroup('a0'));
    expect((await client.run(linux.SENSE_PATH_GROUP)).data[0]?.[0]).toBe(0x80);
  });

  test('is analysed', async () => {
    await using served = await ServedDasds.open([await volume()]);
    const counts = await runs(served.client, linux.ANALYSIS);
    expect(counts.map((count) => count.toHex())).toEqual([
      '0000000001040018',
      '0000000002040090',
      '0000000003040050',
      '0000000004001000',
      '00000001012c0060',
    ]);
    for (const place of linux.LABELS) {
      const [block] = await runs(served.client, linux.label(place));
      expect(block).toHaveLength(place.length);
    }
  });

  test('that dasdfmt has begun to format ends the analysis with no record found', async () => {
    await using served = await ServedDasds.open([await volume()]);
    await formats(served.client, linux.INVALIDATE);
    expect(senseOf(await served.client.run(linux.ANALYSIS))).toBe('000800');
  });

  test('writes and reads 190 blocks in one chain', async () => {
    await using served = await ServedDasds.open([await volume()]);
    const blocks = Array.from({ length: 190 }, (_, i) => pattern(4096, i + 1));
    await runs(served.client, linux.writeBlocks(124, blocks));
    expect(await runs(served.client, linux.readBlocks(124, 190))).toEqual(blocks);
  });

  test('boots: the firmware, then its loader', async () => {
    await using served = await ServedDasds.open([await volume()]);
    const { client } = served;
    const [ipl1] = await runs(client, [input(0x02, 24)]);
    expect(ipl1?.subarray(0, 8).toHex()).toBe('000600000000000f');
    const chain = [
      output(0x07, hex('0000 0000 0002')),
      { ...output(0x31, hex('0000 0002 01')), label: 'search' },
      { command: 0x08, to: 'search' },
      ...Array.from({ length: 12 }, () => input(0x86, 4096)),
    ];
    const { irb, last } = await client.run(chain);
    expect([irb.scsw.deviceStatus, last]).toEqual([NORMAL, 14]);
  });

  test('gives sense data once more where Basic Sense asks for it', async () => {
    await using served = await ServedDasds.open([await volume()]);
    const { client } = served;
    const failed = await client.run([output(0x63, hex('ff'))]);
    expect(senseOf(failed)).toBe('800003');
    const [sense] = await runs(client, [input(0x04, 32)]);
    expect(sense).toEqual(failed.irb.sense.slice(0, 32));
  });
});

/** The dataset that stands for a partition, a DSCB of format 1. */
function partition(first: number, last: number): Uint8Array {
  const dscb = new Uint8Array(140);
  dscb.set(encodeEbcdic('LINUX.VLNX001.PART0001.NATIVE', { length: 44 }));
  dscb.set(encodeEbcdic('1LNX001', { length: 7 }), 44);
  dscb.set([0, 1, 126, 0, 1, 0, 0, 0, 1], 51);
  dscb.set(encodeEbcdic('IBM LINUX', { length: 13 }), 62);
  dscb.set(hex('4000 8800 1000 1000'), 82);
  dscb.set(hex(`0100 ${linux.cchh(first)} ${linux.cchh(last)}`), 105);
  return dscb;
}

test('a volume that Linux formats, labels and fills is one that Hercules reads', async (ctx) => {
  const dasdls = programForTest(ctx, 'dasdls', 'hercules');
  const image = await volume({ format: 'empty', serial: 'OLD001' });
  const end = CYLINDERS * 15 - 1;
  const blocks = Array.from({ length: 190 }, (_, i) => pattern(4096, i + 1));
  {
    await using served = await ServedDasds.open([image]);
    const { client } = served;
    await runs(client, linux.INVALIDATE);
    for (let track = 2; track <= end; track += linux.FORMATTED_AT_ONCE) {
      await runsFormat(client, track, Math.min(linux.FORMATTED_AT_ONCE, end + 1 - track));
    }
    await formats(client, linux.FORMAT_SECOND_TRACK);
    await formats(client, linux.FORMAT_FIRST_TRACK);
    expect((await runs(client, linux.ANALYSIS)).map((count) => count.toHex().slice(10))).toEqual([
      '040018',
      '040090',
      '040050',
      '001000',
      '2c0060',
    ]);
    const geometry = { cylinders: CYLINDERS, heads: 15, trackSize: 56832, deviceType: 0x3390 };
    const shape = { unused: 8, perTrack: 12, directory: 45, firstTrack: 1, lastTrack: 1 };
    const vol1 = Uint8Array.from([
      ...encodeEbcdic('VOL1'),
      ...volumeLabel('LNX001', 'LINUX', 0x0000_0001),
    ]);
    const labels = [
      { track: 0, record: 3, data: vol1 },
      { track: 1, record: 1, data: vtocDscb({ ...geometry, serial: '' }, shape) },
      { track: 1, record: 2, data: freeSpaceDscb({ ...geometry, serial: '' }, 150) },
      { track: 1, record: 3, data: partition(2, end) },
    ];
    for (const { track, record, data } of labels) {
      const place = { track, record, length: data.length };
      await runs(client, linux.label(place, data));
      expect(await runs(client, linux.label(place))).toEqual([data]);
    }
    await runs(client, linux.writeBlocks(124, blocks));
  }
  expect(told(dasdls, image)).toContain('VOLSER=LNX001');
  expect(told(dasdls, image)).toContain('LINUX.VLNX001.PART0001.NATIVE');

  const store = await openImage(image, { isReadOnly: true });
  // Block 124 is record 5 of track 10: track 11 has the ninth to the twentieth of them.
  const track = await store.read(11);
  const records = Array.from({ length: 12 }, (_, i) => ({ number: i + 1, data: blocks[i + 8] }));
  const whole = records.map(({ number, data = new Uint8Array(0) }) => ({ number, data }));
  const expected = buildTrack(packCchh(0, 11), [R0, ...whole]);
  expect(track.subarray(0, expected.length)).toEqual(expected);
  const last = await store.read(end);
  const zeros = whole.map(({ number }) => ({ number, data: new Uint8Array(4096) }));
  const empty = buildTrack(packCchh(9, 14), [R0, ...zeros]);
  expect(last.subarray(0, empty.length)).toEqual(empty);
  await store.close();
});

/** Runs a chain of format writes, which bring less than their counts say. */
async function formats(
  client: ServedDasds['client'],
  chain: Parameters<ServedDasds['client']['run']>[0],
): Promise<void> {
  const { irb, last } = await client.run(chain);
  expect([irb.scsw.deviceStatus, irb.scsw.subchannelStatus, last]).toEqual([
    NORMAL,
    0,
    chain.length - 1,
  ]);
}

function runsFormat(client: ServedDasds['client'], track: number, count: number): Promise<void> {
  return formats(client, linux.formatTracks(track, count));
}

test('a member of a library that chains have written is what dasdcat prints', async (ctx) => {
  const dasdcat = programForTest(ctx, 'dasdcat', 'hercules');
  const dasdload = programForTest(ctx, 'dasdload', 'hercules');
  const cwd = folder();
  const control = [
    'LOAD01 3390-1 10',
    'SYSVTOC VTOC TRK 5',
    'TEST.LIB EMPTY CYL 2 0 10 PO FB 80 6160',
  ];
  const image = join(cwd, 'load.ckd');
  writeFileSync(join(cwd, 'control'), `${control.join('\n')}\n`);
  told(dasdload, join(cwd, 'control'), image);
  const [first] = await librariesOf(image);
  expect(first).toBeDefined();
  const at = (first ?? 0) >>> 0;
  const start = (at >>> 16) * 15 + (at & 0xffff);
  const lines = ['//HELLO JOB', '//* WRITTEN BY A CHAIN', '//'];
  const cards = Uint8Array.from(lines.flatMap((line) => [...encodeEbcdic(line, { length: 80 })]));
  const directory = new Uint8Array(256);
  directory.set([0, 26]);
  directory.set(encodeEbcdic('HELLO', { length: 8 }), 2);
  directory.set([0, 1, 1, 0], 10);
  directory.fill(0xff, 14, 22);
  {
    await using served = await ServedDasds.open([image]);
    await served.client.run(
      formatRecords(start, [
        [new Uint8Array(8).fill(0xff), directory],
        [none, none],
      ]),
    );
    await served.client.run(
      formatRecords(start + 1, [
        [none, cards],
        [none, none],
      ]),
    );
  }
  const text = told(dasdcat, '-i', image, 'TEST.LIB/HELLO:c');
  for (const line of lines) expect(text).toContain(line);
});

const none = new Uint8Array(0);

/** Writes the records of a track behind R0, keys and data. */
function formatRecords(
  track: number,
  records: readonly (readonly [Uint8Array, Uint8Array])[],
): Parameters<ServedDasds['client']['run']>[0] {
  const at = linux.cchh(track);
  const count = records.length.toString(16).padStart(2, '0');
  return [
    output(0x63, hex(`00c0 0000 0000 00 00 ${at} ${at}`)),
    output(0x47, hex(`03 00 00 ${count} ${at} ${at} 00 ff 0000`)),
    ...records.map(([key, data], i) => {
      const sizes = [i + 1, key.length, data.length >> 8, data.length & 0xff];
      return output(0x1d, Uint8Array.from([...hex(at), ...sizes, ...key, ...data]));
    }),
  ];
}

/** CCHH of the first track of each dataset of an image. */
async function librariesOf(image: string): Promise<readonly number[]> {
  const store = await openImage(image, { isReadOnly: true });
  const { datasets } = await readVtoc(store);
  await store.close();
  return datasets
    .filter(({ name }) => name === 'TEST.LIB')
    .flatMap(({ extents }) => extents.map(({ first }) => first));
}
