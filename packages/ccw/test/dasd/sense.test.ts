// Every way in which a command is refused or fails, and where its sense data goes.

import { expect, test } from 'vitest';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { CHECK, control, get, NORMAL, put, runChain, senseOf, toHex } from './support/channel.ts';
import type { TestCcw } from './support/channel.ts';
import { linuxVolume } from './support/volume.ts';
import { MemoryStore } from './support/memory-store.ts';

const DEFINE = put(0x63, '40c0 0000 0000 00 00 0000 0000 0009 000e');
const DEFINE_ALL = put(0x63, 'c0c0 0000 0000 00 00 0000 0000 0009 000e');
const LOCATE = put(0x47, '06 00 00 01 0000 0002 0000 0002 01 ff 0000');
const SEEK = put(0x07, '0000 0000 0002');

const CASES: readonly (readonly [string, string, readonly TestCcw[]])[] = [
  ['an unknown command', '800001', [control(0x6b)]],
  ['Prefix, which is not offered', '800001', [put(0xe7, '00'.repeat(64))]],
  ['Read Track Data, which is not offered', '800001', [DEFINE, LOCATE, get(0xa6, 4096)]],
  ['a command out of its order', '800002', [LOCATE]],
  ['parameters that are too short', '800003', [put(0x63, '40c0')]],
  [
    'a parameter that is not valid',
    '800004',
    [put(0x63, '60c0 0000 0000 00 00 00000000 00000000')],
  ],
  ['diagnostics without authorisation', '800005', [put(0xf3, '12000000')]],
  [
    'a record that is not there',
    '000800',
    [SEEK, ...Array.from({ length: 25 }, () => get(0x12, 8))],
  ],
  [
    'a track outside the extent',
    '000400',
    [put(0x63, '40c0 0000 0000 00 00 0000 0000 0000 0001'), LOCATE],
  ],
  ['a seek that the mask forbids', '000400', [put(0x1f, '08'), SEEK]],
  [
    'the end of a cylinder',
    '002000',
    [put(0x07, '0000 0000 000e'), ...Array.from({ length: 13 }, () => get(0x92, 8))],
  ],
  [
    'a record that has no room',
    '004000',
    [
      DEFINE_ALL,
      put(0x47, '03 00 00 01 0000 0002 0000 0002 0c ff 0000'),
      put(0x1d, '0000 0002 0d 00 2000'),
    ],
  ],
  [
    'an update of another length',
    '004000',
    [
      DEFINE_ALL,
      put(0x47, '01 80 00 01 0000 0002 0000 0002 01 ff 0800'),
      put(0x85, new Uint8Array(2048)),
    ],
  ],
  [
    'a domain that is not complete',
    '810000',
    [DEFINE, put(0x47, '06 00 00 02 0000 0002 0000 0002 01 ff 0000'), get(0x86, 4096)],
  ],
];

test.for(CASES)('%s is %s', async ([, sense, chain]) => {
  const unit = new DasdControlUnit(linuxVolume());
  const result = await runChain(unit, chain);
  expect(result.status).toBe(CHECK);
  expect(senseOf(result)).toBe(sense);
  expect(result.last).toBe(chain.length - 1);
});

test('a write to a read-only volume is inhibited', async () => {
  const unit = new DasdControlUnit(linuxVolume({ isReadOnly: true }));
  const locate = put(0x47, '01 00 00 01 0000 0002 0000 0002 01 ff 0000');
  expect(senseOf(await runChain(unit, [DEFINE_ALL, locate]))).toBe('100204');
});

test('a classic write to a read-only volume is inhibited', async () => {
  const unit = new DasdControlUnit(linuxVolume({ isReadOnly: true }));
  const chain = [SEEK, put(0x71, '0000000200'), control(0x03), put(0x31, '0000000201')];
  const skipped = [control(0x03), put(0x05, new Uint8Array(4096))];
  expect(senseOf(await runChain(unit, [...chain, ...skipped]))).toBe('100204');
});

test('a track that cannot be read is an equipment check', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  store.broken.add(2);
  expect(senseOf(await runChain(unit, [DEFINE, LOCATE]))).toBe('100010');
});

test('a record that runs past its track is an equipment check', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  store.tracks.set(2, store.image(2).slice(0, 30));
  expect(senseOf(await runChain(unit, [DEFINE, LOCATE, get(0x86, 4096)]))).toBe('100010');
});

test('a special intercept is met by the next Diagnostic Control, once', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  await runChain(unit, [put(0x27, '1b00')]);
  expect(senseOf(await runChain(unit, [put(0xf3, '12000000')]))).toBe('80000f');
  expect(senseOf(await runChain(unit, [put(0xf3, '12000000')]))).toBe('800005');
});

test('a control unit that is closed needs an operator', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  await unit.close();
  await unit.close();
  expect(senseOf(await runChain(unit, [DEFINE]))).toBe('400000');
  expect(store.isClosed).toBe(true);
});

test('sense data has the address of the arm, and the form of 24 bytes', async () => {
  const unit = new DasdControlUnit(new MemoryStore({ cylinders: 3339 }));
  const { sense } = await runChain(unit, [put(0x07, '0000 0c23 0004'), control(0x6b)]);
  expect(toHex(sense ?? new Uint8Array(0))).toBe(`800000000023c401${'00'.repeat(19)}80000c2304`);
});

test('a volume of more than 4095 cylinders has no address in bytes 5 and 6', async () => {
  const unit = new DasdControlUnit(new MemoryStore({ cylinders: 10_017 }));
  const { sense } = await runChain(unit, [put(0x07, '0000 2001 0004'), control(0x6b)]);
  expect(sense?.slice(5, 7)).toEqual(Uint8Array.of(0xff, 0xff));
  expect(sense?.slice(29)).toEqual(Uint8Array.of(0x20, 0x01, 0x04));
});

test('Basic Sense as the first command gives the sense data of the chain before', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  const { sense } = await runChain(unit, [control(0x6b)]);
  const { status, data } = await runChain(unit, [get(0x04, 32)]);
  expect({ status, data }).toEqual({ status: NORMAL, data: [sense] });
});

test('a second Basic Sense finds nothing', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  await runChain(unit, [control(0x6b)]);
  await runChain(unit, [get(0x04, 32)]);
  const { data } = await runChain(unit, [get(0x04, 32)]);
  expect(data[0]?.slice(0, 8)).toEqual(new Uint8Array(8));
});

test('sense data is forgotten when a chain begins with another command', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  await runChain(unit, [control(0x6b)]);
  const { data } = await runChain(unit, [control(0x03), get(0x04, 32)]);
  expect(data[0]?.[0]).toBe(0);
});

test('sense data is forgotten by a reset', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  await runChain(unit, [control(0x6b)]);
  unit.reset();
  const { data } = await runChain(unit, [get(0x04, 32)]);
  expect(data[0]?.[0]).toBe(0);
});

test('Basic Sense takes as much as it has room for', async () => {
  const unit = new DasdControlUnit(linuxVolume());
  await runChain(unit, [control(0x6b)]);
  const { data, residual } = await runChain(unit, [get(0x04, 24)]);
  expect({ length: data[0]?.length, residual }).toEqual({ length: 24, residual: 0 });
});

test('a change of state is announced as device end', () => {
  const unit = new DasdControlUnit(linuxVolume());
  const heard: number[] = [];
  unit.announce();
  unit.listen((status) => heard.push(status));
  unit.announce();
  unit.listen(undefined);
  unit.announce();
  expect(heard).toEqual([0x04]);
});
