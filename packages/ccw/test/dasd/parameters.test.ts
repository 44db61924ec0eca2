// The checks of Define Extent, Locate Record, Locate Record Extended and Prefix.

import { expect, test } from 'vitest';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { get, hex, NORMAL, put, runChain, senseOf } from './support/channel.ts';
import type { TestCcw } from './support/channel.ts';
import { linuxVolume, pattern } from './support/volume.ts';

const SEQUENCE = '800002';
const SHORT = '800003';
const PARAMETER = '800004';
const PROTECTED = '000400';
const NOT_FOUND = '000800';

const VALID = {
  define: '40c0 0000 0000 00 00 0000 0000 0009 000e',
  locate: '06 00 00 01 0000 0002 0000 0002 01 ff 0000',
  extended: '06 00 00 01 0000 0002 0000 0002 01 ff 0000 00 00 0000',
};

/** Bytes with some replaced, by offset. */
function patched(digits: string, changes: Readonly<Record<number, string>>): Uint8Array {
  const bytes = hex(digits);
  for (const [at, change] of Object.entries(changes)) bytes.set(hex(change), Number(at));
  return bytes;
}

async function refuse(chain: readonly TestCcw[], hasPrefix = false): Promise<string> {
  return senseOf(await runChain(new DasdControlUnit(linuxVolume(), { hasPrefix }), chain));
}

const DEFINE = put(0x63, VALID.define);

test.for([
  ['all as it should be', {}, ''],
  ['a reserved bit of the mask', { 0: '60' }, PARAMETER],
  ['another mode', { 1: '80' }, PARAMETER],
  ['another mode', { 1: '40' }, PARAMETER],
  ['the largest block size', { 2: 'dff6' }, ''],
  ['a larger block size', { 2: 'dff7' }, PARAMETER],
  ['byte 4', { 4: '01' }, PARAMETER],
  ['byte 5', { 5: '01' }, PARAMETER],
  ['byte 6', { 6: '01' }, PARAMETER],
  ['an extent of one track', { 8: '0003000400030004' }, ''],
  ['an end before its begin', { 8: '0003000400030003' }, PARAMETER],
  ['a begin past the volume', { 8: '000a0000' }, PARAMETER],
  ['an end past the volume', { 12: '000a0000' }, PARAMETER],
  ['a head past the cylinder', { 12: '0000000f' }, PARAMETER],
  ['high bits of a cylinder that is not', { 12: '0000001e' }, PARAMETER],
] as const)('Define Extent with %s, %o, is "%s"', async ([, changes, sense]) => {
  expect(await refuse([put(0x63, patched(VALID.define, changes))])).toBe(sense);
});

test.for([
  [0, SHORT],
  [15, SHORT],
  [16, ''],
  [32, ''],
] as const)('Define Extent of %i bytes is "%s"', async ([length, sense]) => {
  const bytes = new Uint8Array(32);
  bytes.set(hex(VALID.define));
  expect(await refuse([put(0x63, bytes.slice(0, length))])).toBe(sense);
});

test.for([
  [16, '00', 0],
  [32, '00', 16],
  [32, '0a', 0],
] as const)('of %i bytes with byte 7 %s Define Extent leaves %i', async ([length, flags, rest]) => {
  const bytes = new Uint8Array(length);
  bytes.set(patched(VALID.define, { 7: flags }));
  const { residual } = await runChain(new DasdControlUnit(linuxVolume()), [put(0x63, bytes)]);
  expect(residual).toBe(rest);
});

test.for([
  ['the same', {}, ''],
  ['a smaller extent', { 8: '0003000000040000' }, ''],
  ['another mask', { 0: '80' }, SEQUENCE],
  ['other attributes', { 1: 'c4' }, SEQUENCE],
  ['another block size', { 2: '1000' }, SEQUENCE],
  ['a larger extent', { 8: '0001000000090000' }, SEQUENCE],
] as const)('a second Define Extent with %s, %o, is "%s"', async ([, changes, sense]) => {
  const first = put(0x63, patched(VALID.define, { 8: '0002000000080000' }));
  const whole = { 8: '0002000000080000', ...changes };
  expect(await refuse([first, put(0x63, patched(VALID.define, whole))])).toBe(sense);
});

test.for([
  ['Set File Mask', [put(0x1f, '00')]],
  ['Read IPL', [get(0x02, 24)]],
  ['a Locate Record', [DEFINE, put(0x47, VALID.locate)]],
] as const)('Define Extent behind %s is a wrong sequence', async ([, before]) => {
  expect(await refuse([...before, DEFINE])).toBe(SEQUENCE);
});

const LOCATE_CASES: readonly (readonly [string, Readonly<Record<number, string>>, string])[] = [
  ['all as it should be', {}, ''],
  ['an orient', { 0: '00', 3: '00' }, ''],
  ['a count of 0', { 3: '00' }, PARAMETER],
  ['an orient of a count', { 0: '00', 3: '01' }, PARAMETER],
  ['a reserved bit of byte 1', { 1: '20' }, PARAMETER],
  ['a suffix behind reads of data', { 1: '01', 3: '02' }, PARAMETER],
  ['a suffix behind reads', { 0: '16', 1: '01', 3: '02' }, ''],
  ['a suffix behind nothing', { 0: '16', 1: '01', 3: '01' }, PARAMETER],
  ['byte 2', { 2: '01' }, PARAMETER],
  ['a cylinder that is not', { 4: '000a' }, PARAMETER],
  ['a head that is not', { 6: '000f' }, PARAMETER],
  ['the last sector', { 13: 'df' }, ''],
  ['a sector past the last', { 13: 'e0' }, PARAMETER],
  ['a length that is not announced', { 14: '1000' }, PARAMETER],
  ['an announced length of 0', { 1: '80' }, PARAMETER],
  ['the block size', { 1: '80', 14: '1000' }, ''],
  ['a length above the block size', { 1: '80', 14: '1001' }, PARAMETER],
  ['a record that is not there', { 12: '0d' }, NOT_FOUND],
  ['a record of another track', { 8: '00000003' }, NOT_FOUND],
  ['R0', { 12: '00' }, ''],
  ['the home address', { 0: '46' }, ''],
  ['another home address', { 0: '46', 8: '00000003' }, NOT_FOUND],
];

const DEFINE_4K = put(0x63, patched(VALID.define, { 2: '1000' }));

test.for(LOCATE_CASES)('Locate Record with %s, %o, is "%s"', async ([, changes, sense]) => {
  const locate = put(0x47, patched(VALID.locate, changes));
  const count = Number.parseInt(changes[3] ?? '01', 16);
  const reads = Array.from({ length: count }, () => get(0x9e, 8));
  expect(await refuse([DEFINE_4K, locate, ...(sense === '' ? reads : [])])).toBe(sense);
});

/** Operations of Locate Record, and those of Locate Record Extended without added bytes. */
const COMBINATIONS: Readonly<Record<string, readonly number[]>> = {
  '00': [0x00, 0x40, 0x80],
  '01': [0x00, 0x80],
  '03': [0x00, 0x40, 0xc0],
  '06': [0x00, 0x40, 0x80],
  '0b': [0x00],
  '0c': [0x00, 0x40],
  '16': [0x00, 0x40, 0x80, 0xc0],
};

test('Locate Record takes the orientations that each operation has', async () => {
  const taken: number[] = [];
  const unit = new DasdControlUnit(linuxVolume());
  for (let first = 0; first < 256; first += 1) {
    const isOrient = (first & 0x3f) === 0;
    const bytes = patched(VALID.locate, { 3: isOrient ? '00' : '01' });
    bytes[0] = first;
    const result = await runChain(unit, [DEFINE, put(0x47, bytes)]);
    if (senseOf(result) === '') taken.push(first);
  }
  const valid = Object.entries(COMBINATIONS).flatMap(([operation, orientations]) =>
    orientations.map((orientation) => orientation | Number.parseInt(operation, 16)),
  );
  expect(taken).toEqual(valid.toSorted((a, b) => a - b));
});

test('Locate Record of 15 bytes is too short', async () => {
  expect(await refuse([DEFINE, put(0x47, hex(VALID.locate).slice(0, 15))])).toBe(SHORT);
});

test('Locate Record takes 16 of 20 bytes', async () => {
  const bytes = new Uint8Array(20);
  bytes.set(patched(VALID.locate, { 0: '00', 3: '00' }));
  const unit = new DasdControlUnit(linuxVolume());
  const { residual } = await runChain(unit, [DEFINE, put(0x47, bytes)]);
  expect(residual).toBe(4);
});

test('Locate Record outside its extent is file protected', async () => {
  const define = put(0x63, patched(VALID.define, { 8: '0000000000000001' }));
  expect(await refuse([define, put(0x47, VALID.locate)])).toBe(PROTECTED);
});

test('Locate Record behind Read IPL needs no extent', async () => {
  expect(await refuse([get(0x02, 24), put(0x47, VALID.locate), get(0x06, 8)])).toBe('');
});

test.for([
  ['no Define Extent', []],
  ['a domain', [DEFINE, put(0x47, VALID.locate)]],
] as const)('Locate Record behind %s is a wrong sequence', async ([, before]) => {
  expect(await refuse([...before, put(0x47, VALID.locate)])).toBe(SEQUENCE);
});

const EXTENDED_CASES: readonly (readonly [string, Readonly<Record<number, string>>, string])[] = [
  ['all as it should be', {}, ''],
  ['an orient', { 0: '00', 3: '00' }, PARAMETER],
  ['an added operation that is not announced', { 17: '0a', 18: '0001' }, PARAMETER],
  ['an added operation as the operation', { 0: '0a', 18: '0001', 20: '01' }, PARAMETER],
  ['an unknown added operation', { 0: '3f', 17: '3f' }, PARAMETER],
  ['added bytes for none', { 18: '0001' }, PARAMETER],
  ['any read', { 0: '3f', 17: '0a', 18: '0001', 20: '01' }, ''],
  ['any read, without its byte', { 0: '3f', 17: '0a' }, PARAMETER],
  ['any read of a set of 2', { 0: '3f', 17: '0a', 18: '0001', 20: '02' }, PARAMETER],
  ['a track set', { 0: '3f', 3: '02', 17: '0e', 18: '0001', 20: 'a0' }, ''],
  ['a track set of 2 bytes', { 0: '3f', 3: '02', 17: '0e', 18: '0002', 20: '8001' }, ''],
  ['a track set of 3 bytes', { 0: '3f', 3: '02', 17: '0e', 18: '0003', 20: '800100' }, PARAMETER],
  ['a track set without its first', { 0: '3f', 17: '0e', 18: '0001', 20: '40' }, PARAMETER],
  ['a track set of another count', { 0: '3f', 17: '0e', 18: '0001', 20: 'a0' }, PARAMETER],
  [
    'a track set past the extent',
    { 0: '3f', 3: '02', 4: '0009000d0009000d00', 17: '0e', 18: '0001', 20: 'a0' },
    PROTECTED,
  ],
  ['zeros for the record', { 8: '0000000000' }, ''],
  ['a record that is not there', { 12: '0d' }, NOT_FOUND],
];

test.for(EXTENDED_CASES)(
  'Locate Record Extended with %s, %o, is "%s"',
  async ([, changes, sense]) => {
    const bytes = patched(`${VALID.extended} 000000`, changes);
    const isTracks = changes[17] === '0e';
    const reads = [get(isTracks ? 0xde : 0x86, 60_000), get(0xde, 60_000)];
    const transfers = reads.slice(0, Number.parseInt(changes[3] ?? '01', 16));
    const chain = [DEFINE, put(0x4b, bytes), ...(sense === '' ? transfers : [])];
    expect(await refuse(chain)).toBe(sense);
  },
);

test('Locate Record Extended of 19 bytes is too short', async () => {
  expect(await refuse([DEFINE, put(0x4b, hex(VALID.extended).slice(0, 19))])).toBe(SHORT);
});

test('Locate Record Extended without its added bytes is too short', async () => {
  const bytes = patched(VALID.extended, { 0: '3f', 17: '0a', 18: '0001' });
  expect(await refuse([DEFINE, put(0x4b, bytes)])).toBe(SHORT);
});

/** Prefix with both parts. */
function prefix(changes: Readonly<Record<number, string>> = {}): TestCcw {
  const parts = `01 80 ${'00'.repeat(10)} ${VALID.define} ${'00'.repeat(16)} ${VALID.extended}`;
  return put(0xe7, patched(parts, changes));
}

test.for([
  ['both parts', {}, ''],
  ['no Locate Record', { 0: '00' }, ''],
  ['an unknown format', { 0: '03' }, PARAMETER],
  ['an order in place of the Locate Record', { 0: '02', 62: '1b00' }, ''],
  ['an unknown order', { 0: '02', 62: 'ee00' }, PARAMETER],
  ['an order that is cut off', { 0: '02', 62: '1800' }, SHORT],
  ['no Define Extent', { 1: '00' }, SEQUENCE],
  ['a Define Extent that is not valid', { 12: '60' }, PARAMETER],
  ['a Locate Record that is not valid', { 46: '01' }, PARAMETER],
  ['a record that is not there', { 56: '0d' }, NOT_FOUND],
] as const)('Prefix with %s, %o, is "%s"', async ([, changes, sense]) => {
  const isLocated = sense === '' && !(0 in changes);
  const chain = [prefix(changes), ...(isLocated ? [get(0x86, 4096)] : [])];
  expect(await refuse(chain, true)).toBe(sense);
});

test('Prefix of 63 bytes is too short', async () => {
  const { data } = prefix();
  expect(await refuse([put(0xe7, data.slice(0, 63))], true)).toBe(SHORT);
});

test('Prefix with an unknown order has taken all of its parameters', async () => {
  const unit = new DasdControlUnit(linuxVolume(), { hasPrefix: true });
  const { residual } = await runChain(unit, [prefix({ 0: '02', 62: 'ee00' })]);
  expect(residual).toBe(0);
});

test('Prefix may bring an order, which decides about the command behind it', async () => {
  const unit = new DasdControlUnit(linuxVolume(), { hasPrefix: true });
  const order = '18 00 0000 00 00 41 00 00000000'.replaceAll(' ', '');
  const define = `02 80 ${'00'.repeat(10)} ${VALID.define} ${'00'.repeat(16 + 18)} ${order}`;
  const chain = [put(0xe7, define, true), get(0x3e, 256, true)];
  const { status, data } = await runChain(unit, chain);
  expect(status).toBe(NORMAL);
  expect(data[0]?.[8]).toBe(0x01);
});

test('Prefix and a read are a chain', async () => {
  const unit = new DasdControlUnit(linuxVolume(), { hasPrefix: true });
  const { status, data, residual } = await runChain(unit, [prefix(), get(0x86, 4096, true)]);
  expect({ status, data, residual }).toEqual({
    status: NORMAL,
    data: [pattern(4096, 1)],
    residual: 0,
  });
});
