// When tracks go to the store, and what a guest hears when the store fails.

import { expect, test } from 'vitest';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { buildTrack, dataOf, packCchh, recordAt, records } from '../../src/dasd/track-image.ts';
import { CHECK, EXCEPTION, get, NORMAL, put, runChain, senseOf, tic } from './support/channel.ts';
import type { TestCcw } from './support/channel.ts';
import { linuxVolume, pattern, R0, record } from './support/volume.ts';

const DEFINE = put(0x63, 'c0c0 0000 0000 00 00 0000 0000 0009 000e');

function locate(operation: string, count: number, head: string, record16 = '01'): TestCcw {
  const left = count.toString(16).padStart(2, '0');
  return put(0x47, `${operation} 80 00 ${left} 0000${head} 0000${head} ${record16} ff 1000`);
}

function blockOf(image: Uint8Array, number: number): Uint8Array {
  const found = [...records(image)][number];
  return found === undefined ? new Uint8Array(0) : dataOf(image, found);
}

test('records of one track are one write to the store', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  await runChain(unit, [
    DEFINE,
    locate('01', 3, '0004'),
    ...[7, 8, 9].map((seed) => put(0x85, pattern(4096, seed))),
  ]);
  expect(store.written).toEqual([4]);
  expect(store.flushes).toBe(1);
  expect([1, 2, 3].map((number) => blockOf(store.image(4), number))).toEqual(
    [7, 8, 9].map((seed) => pattern(4096, seed)),
  );
});

test('the image that the store gave is not changed', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const before = store.image(4);
  const copy = before.slice();
  await runChain(unit, [DEFINE, locate('01', 1, '0004'), put(0x85, pattern(4096, 7))]);
  expect(before).toEqual(copy);
  expect(store.image(4)).not.toBe(before);
});

test('a track that is written twice in one chain is another image each time', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const seen: Uint8Array[] = [];
  store.write = (track, image): void => {
    seen.push(image);
    store.written.push(track);
    store.tracks.set(track, image);
  };
  await runChain(unit, [
    DEFINE,
    ...['0004', '0005', '0004'].flatMap((head, at) => [
      locate('01', 1, head),
      put(0x85, pattern(4096, at + 50)),
    ]),
  ]);
  expect(store.written).toEqual([4, 5, 4]);
  expect(seen.map((image) => blockOf(image, 1))).toEqual(
    [50, 51, 52].map((seed) => pattern(4096, seed)),
  );
});

test('a read in the chain of a write sees what was written', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const { data } = await runChain(unit, [
    DEFINE,
    locate('01', 1, '0004'),
    put(0x85, pattern(4096, 99)),
    locate('06', 1, '0004'),
    get(0x86, 4096),
  ]);
  expect(data).toEqual([pattern(4096, 99)]);
  expect(store.written).toEqual([4]);
});

test('a chain of reads writes and flushes nothing', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  await runChain(unit, [DEFINE, locate('06', 1, '0004'), get(0x86, 4096)]);
  expect({ written: store.written, flushes: store.flushes }).toEqual({ written: [], flushes: 0 });
});

test('what a chain wrote before it failed is in the store', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const result = await runChain(unit, [
    DEFINE,
    locate('01', 2, '0004'),
    put(0x85, pattern(4096, 7)),
    get(0x6b, 1),
  ]);
  expect(senseOf(result)).toBe('800001');
  expect(blockOf(store.image(4), 1)).toEqual(pattern(4096, 7));
  expect(store.flushes).toBe(1);
});

test.for(['write', 'flush'] as const)('a %s that fails is an equipment check', async (what) => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  store.broken.add(what);
  const chain = [DEFINE, locate('01', 1, '0004'), put(0x85, pattern(4096, 7))];
  const result = await runChain(unit, chain);
  expect(result.status).toBe(CHECK);
  expect(senseOf(result)).toBe('100010');
  const { data } = await runChain(unit, [get(0x04, 32)]);
  expect(data).toEqual([result.sense]);
});

test('after a write that failed the track is as the store has it', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  store.broken.add('write');
  await runChain(unit, [DEFINE, locate('01', 1, '0004'), put(0x85, pattern(4096, 7))]);
  store.broken.clear();
  const { data } = await runChain(unit, [DEFINE, locate('06', 1, '0004'), get(0x86, 4096)]);
  expect(data).toEqual([pattern(4096, 1)]);
});

test('a write that fails when its track is left ends the chain there', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  store.broken.add('write');
  const result = await runChain(unit, [
    DEFINE,
    locate('01', 2, '0004', '0c'),
    put(0x85, pattern(4096, 7)),
    put(0x85, pattern(4096, 8)),
  ]);
  expect({ sense: senseOf(result), last: result.last }).toEqual({ sense: '100010', last: 3 });
});

test('a short update is filled with zeros', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  await runChain(unit, [DEFINE, locate('01', 1, '0004'), put(0x85, Uint8Array.of(1, 2, 3))]);
  const expected = new Uint8Array(4096);
  expected.set([1, 2, 3]);
  expect(blockOf(store.image(4), 1)).toEqual(expected);
  expect(blockOf(store.image(4), 2)).toEqual(pattern(4096, 2));
});

test('an update that is too long leaves what does not fit', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const chain = [DEFINE, locate('01', 1, '0004'), put(0x85, pattern(5000, 7))];
  const { residual } = await runChain(unit, chain);
  expect(residual).toBe(904);
  expect(blockOf(store.image(4), 2)).toEqual(pattern(4096, 2));
});

test('a mask that forbids writes forbids updates', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const define = put(0x63, '40c0 0000 0000 00 00 0000 0000 0009 000e');
  const chain = [define, locate('01', 1, '0004'), put(0x85, pattern(4096, 7))];
  expect(senseOf(await runChain(unit, chain))).toBe('800002');
});

test('a record without data ends a file, for reads and for updates', async () => {
  const store = linuxVolume();
  store.tracks.set(
    4,
    buildTrack(packCchh(0, 4), [R0, record(1, 0, 4096), { number: 2, data: new Uint8Array(0) }]),
  );
  const unit = new DasdControlUnit(store);
  const reads = [DEFINE, locate('06', 2, '0004'), get(0x86, 4096), get(0x86, 4096)];
  const read = await runChain(unit, reads);
  const write = await runChain(unit, [
    // Lengths of records are not compared with the announced one.
    put(0x63, 'c0e0 0000 0000 00 00 0000 0000 0009 000e'),
    locate('01', 1, '0004', '02'),
    put(0x85, pattern(4096, 1)),
  ]);
  expect([read.status, write.status]).toEqual([EXCEPTION, EXCEPTION]);
  expect(store.written).toEqual([]);
});

test('a classic chain rewrites a record', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const { status } = await runChain(unit, [
    put(0x07, '0000 0000 0004'),
    put(0x31, '0000 0004 05'),
    tic(1),
    put(0x05, pattern(4096, 70)),
  ]);
  expect(status).toBe(NORMAL);
  expect(blockOf(store.image(4), 5)).toEqual(pattern(4096, 70));
});

/** All of a track behind its home address, in the form of Read Track and Write Full Track. */
function wholeTrack(head: number): Uint8Array {
  const image = buildTrack(packCchh(0, head), [R0, record(1, 8, 500), record(2, 0, 7)]);
  return image.slice(5);
}

const EXTENDED_WRITE = put(0x4b, '3f00 0002 0000 0003 0000 0003 00 ff 0000 00 11 0002 c000');

test('whole tracks are written and read back', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const write = await runChain(unit, [
    DEFINE,
    EXTENDED_WRITE,
    put(0x95, wholeTrack(3)),
    put(0x95, wholeTrack(4)),
  ]);
  const read = await runChain(unit, [
    DEFINE,
    put(0x47, '4c00 0002 0000 0003 0000 0003 00 ff 0000'),
    get(0xde, 57_326),
    get(0xde, 57_326),
  ]);
  expect([write.status, write.residual, read.status]).toEqual([NORMAL, 0, NORMAL]);
  expect(read.data).toEqual([wholeTrack(3), wholeTrack(4)]);
  expect(recordAt(store.image(3), 5)?.number).toBe(0);
});

test.for([
  ['nothing', new Uint8Array(0)],
  ['an end mark only', new Uint8Array(8).fill(0xff)],
  ['a record that is cut off', wholeTrack(3).slice(0, 100)],
  ['a record that has no room', Uint8Array.of(0, 0, 0, 3, 0, 0, 0xff, 0xff)],
] as const)('a full track of %s is an invalid track format', async ([, bytes]) => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const chain = [DEFINE, EXTENDED_WRITE, put(0x95, bytes)];
  expect(senseOf(await runChain(unit, chain))).toBe('004000');
  expect(store.written).toEqual([]);
});

test('a set of tracks is read without those between', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const { status, data } = await runChain(unit, [
    DEFINE,
    put(0x4b, '7f00 0002 0000 0002 0000 0002 00 ff 0000 00 0e 0001 90'),
    get(0xde, 12),
    get(0xde, 12),
  ]);
  expect(status).toBe(NORMAL);
  expect(data.map((bytes) => bytes[3])).toEqual([2, 5]);
});

test('a Read Track begins with R0 wherever the device was', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const { data } = await runChain(unit, [
    DEFINE,
    put(0x47, '0c00 0001 0000 0002 0000 0002 04 ff 0000'),
    get(0xde, 8),
  ]);
  expect(data).toEqual([Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 8)]);
});

test('Write CKD at the home address is a wrong sequence: R0 comes first', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  const chain = [DEFINE, locate('43', 1, '0004', '00'), put(0x1d, '0000 0004 01 00 0000')];
  expect(senseOf(await runChain(unit, chain))).toBe('800002');
  expect(store.written).toEqual([]);
});
