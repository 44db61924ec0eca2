// The chains that Linux sends when a DASD comes online, is formatted and is booted from, byte for byte.

import { expect, test } from 'vitest';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { buildTrack, dataOf, keyOf, packCchh, records } from '../../src/dasd/track-image.ts';
import { control, get, NORMAL, put, runChain, senseOf, tic, toHex } from './support/channel.ts';
import type { TestCcw } from './support/channel.ts';
import { linuxVolume, pattern, R0, record } from './support/volume.ts';
import { MemoryStore } from './support/memory-store.ts';

const ANALYSIS = [
  put(0x63, '40c4 0000 0000 00 00 0000 0000 0000 0001'),
  put(0x47, '06 00 00 04 0000 0000 0000 0000 00 00 0000'),
  get(0x12, 8, true),
  get(0x12, 8, true),
  get(0x12, 8, true),
  get(0x12, 8, true),
  put(0x47, '06 00 00 01 0000 0001 0000 0001 00 00 0000'),
  get(0x12, 8, true),
];

function halfWord(value: number): string {
  return value.toString(16).padStart(4, '0');
}

/** Locate Record of dasdfmt: records from R0 of a track on. */
function formatting(count: number, cylinder: number, head: number): TestCcw {
  const track = `${halfWord(cylinder)}${halfWord(head)}`;
  return put(0x47, `03 80 00 ${count.toString(16).padStart(2, '0')} ${track} ${track} 00 00 1000`);
}

function countField(track: number, number: number): Uint8Array {
  return Uint8Array.of(0, Math.floor(track / 15), 0, track % 15, number, 0, 0x10, 0);
}

test('the analysis of a volume reads the counts of the labels', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const { status, data } = await runChain(unit, ANALYSIS);
  expect(status).toBe(NORMAL);
  expect(data.map(toHex)).toEqual([
    '0000000001040018',
    '0000000002040090',
    '0000000003040050',
    '0000000004001000',
    '00000001012c0060',
  ]);
});

test('the analysis of an unformatted volume ends with no record found', async () => {
  const unit = new DasdControlUnit(new MemoryStore());
  const result = await runChain(unit, ANALYSIS);
  expect(senseOf(result)).toBe('000800');
});

test.for([
  [0, 1, 28],
  [0, 2, 148],
  [0, 3, 84],
  [1, 1, 140],
])(
  'the label block of track %i, record %i is %i bytes of key and data',
  async ([track = 0, number = 0, length = 0]) => {
    const store = linuxVolume();
    const unit = new DasdControlUnit(store);
    const head = `0000 000${track}`;
    const { status, data } = await runChain(unit, [
      put(0x63, `40c0 0000 0000 00 00 ${head} ${head}`),
      put(0x47, `06 80 00 01 ${head} ${head} 0${number} 0b 00${length.toString(16)}`),
      get(0x8e, length, true),
    ]);
    const image = store.image(track);
    const found = [...records(image)][number];
    expect(status).toBe(NORMAL);
    expect(data).toEqual([found && image.slice(found.keyOffset, found.end)]);
  },
);

test('a read of 190 blocks crosses tracks and cylinders', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const { status, data, last } = await runChain(unit, [
    put(0x63, '40c0 1000 0000 00 00 0000 000a 0002 0000'),
    put(0x47, '06 80 00 be 0000 000a 0000 000a 05 4d 1000'),
    ...Array.from({ length: 190 }, () => get(0x86, 4096, true)),
  ]);
  expect({ status, last }).toEqual({ status: NORMAL, last: 191 });
  // From record 5 of track 10 on there are 190 blocks up to record 2 of track 26.
  expect(data.at(0)).toEqual(pattern(4096, 5));
  expect(data.at(8)).toEqual(pattern(4096, 1));
  expect(data.at(-1)).toEqual(pattern(4096, 2));
});

test('a write of 190 blocks crosses tracks and cylinders', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const { status } = await runChain(unit, [
    put(0x63, '80c0 1000 0000 00 00 0000 000a 0002 0000'),
    put(0x47, '01 80 00 be 0000 000a 0000 000a 05 4d 1000'),
    ...Array.from({ length: 190 }, (_unused, block) => put(0x85, pattern(4096, block + 1), true)),
  ]);
  expect(status).toBe(NORMAL);
  const blocks = Array.from({ length: 17 }, (_unused, at) => at + 10).flatMap((track) => {
    const image = store.image(track);
    return [...records(image)].slice(1).map((found) => dataOf(image, found));
  });
  expect(blocks).toHaveLength(17 * 12);
  for (let block = 0; block < 190; block += 1) {
    expect(blocks[block + 4]).toEqual(pattern(4096, block + 1));
  }
  expect(blocks.slice(0, 4)).toEqual([1, 2, 3, 4].map((number) => pattern(4096, number)));
});

test('a label is written with its key', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const label = pattern(84, 77);
  const { status } = await runChain(unit, [
    put(0x63, '80c0 0000 0000 00 00 0000 0000 0000 0000'),
    put(0x47, '01 80 00 01 0000 0000 0000 0000 03 0b 0054'),
    put(0x8d, label, true),
  ]);
  const image = store.image(0);
  const found = [...records(image)].map((each) => [keyOf(image, each), dataOf(image, each)]);
  expect(status).toBe(NORMAL);
  expect(found[3]).toEqual([label.subarray(0, 4), label.subarray(4)]);
  expect(found[4]?.[1]).toEqual(pattern(4096, 4));
});

test('dasdfmt makes the first track invalid', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const { status, residual } = await runChain(unit, [
    put(0x63, '00c4 0000 0000 00 00 0000 0000 0000 0000'),
    put(0x47, '03 80 00 01 0000 0000 0000 0000 00 00 0008'),
    put(0x1d, '0000 0000 01 00 0000'),
  ]);
  expect({ status, residual }).toEqual({ status: NORMAL, residual: 0 });
  expect(store.image(0)).toEqual(buildTrack(0, [R0, { number: 1, data: new Uint8Array(0) }]));
});

test('dasdfmt formats 21 tracks with counts only', async () => {
  const store = new MemoryStore();
  const unit = new DasdControlUnit(store);
  const writes = Array.from({ length: 252 }, (_unused, block) => {
    const isNextTrack = block > 0 && block % 12 === 0;
    return put(isNextTrack ? 0x9d : 0x1d, countField(2 + Math.floor(block / 12), (block % 12) + 1));
  });
  const { status, last } = await runChain(unit, [
    put(0x63, '00c4 1000 0000 00 04 0000 0002 0001 0007'),
    formatting(252, 0, 2),
    ...writes,
  ]);
  expect({ status, last }).toEqual({ status: NORMAL, last: 253 });
  const blocks = Array.from({ length: 12 }, (_unused, at) => ({
    number: at + 1,
    data: new Uint8Array(4096),
  }));
  for (let track = 2; track < 23; track += 1) {
    const cchh = packCchh(Math.floor(track / 15), track % 15);
    expect(store.image(track)).toEqual(buildTrack(cchh, [R0, ...blocks]));
  }
  expect(store.written).toEqual(Array.from({ length: 21 }, (_unused, at) => at + 2));
  expect(store.flushes).toBe(1);
});

test('dasdfmt reformats a track: what was behind is gone', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  await runChain(unit, [
    put(0x63, '00c4 1000 0000 00 00 0000 0003 0000 0003'),
    formatting(1, 0, 3),
    put(0x1d, '0000 0003 01 04 0010 c1c2c3c4 01'),
  ]);
  const data = Uint8Array.of(1, ...new Uint8Array(15));
  const key = Uint8Array.of(0xc1, 0xc2, 0xc3, 0xc4);
  expect(store.image(3)).toEqual(buildTrack(packCchh(0, 3), [R0, { number: 1, key, data }]));
});

test('the firmware boots: read IPL, then the chain of the record that was read', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const first = await runChain(unit, [get(0x02, 24)]);
  const second = await runChain(unit, [
    put(0x07, '0000 0000 0000'),
    put(0x31, '0000 0000 02'),
    tic(1),
    get(0x06, 144),
  ]);
  expect(first.data).toEqual([record(1, 4, 24).data]);
  expect(second).toMatchObject({ status: NORMAL, data: [record(2, 4, 144).data] });
});

test('read IPL and the chain it has read are one chain on other machines', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const { status, data } = await runChain(unit, [
    get(0x02, 24),
    put(0x07, '0000 0000 0000'),
    put(0x31, '0000 0000 02'),
    tic(2),
    get(0x06, 144),
  ]);
  expect({ status, length: data.length }).toEqual({ status: NORMAL, length: 2 });
});

test('the loader reads the rest of a track with multitrack reads', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const { status, data } = await runChain(unit, [
    put(0x07, '0000 0000 0002'),
    put(0x31, '0000 0002 01'),
    tic(1),
    ...Array.from({ length: 12 }, () => get(0x86, 4096)),
  ]);
  const blocks = Array.from({ length: 12 }, (_unused, at) => pattern(4096, at + 1));
  expect({ status, data }).toEqual({ status: NORMAL, data: blocks });
});

test('a no-operation is a chain', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const { status, residual } = await runChain(unit, [control(0x03)]);
  expect({ status, residual }).toEqual({ status: NORMAL, residual: 1 });
});
