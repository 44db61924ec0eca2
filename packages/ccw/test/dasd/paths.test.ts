// Path groups, reserve and release, and commands on the control unit.

import { expect, test } from 'vitest';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { control, get, NORMAL, put, runChain, senseOf, toHex } from './support/channel.ts';
import type { TestCcw } from './support/channel.ts';
import { MemoryStore } from './support/memory-store.ts';

const GROUP = '0102030405060708090a0b';
const OTHER = '1102030405060708090a0b';
const NO_GROUP = '00'.repeat(11);

function device(): DasdControlUnit {
  return new DasdControlUnit(new MemoryStore());
}

async function group(unit: DasdControlUnit): Promise<string> {
  const { data } = await runChain(unit, [get(0x34, 12, true)]);
  return toHex(data[0] ?? new Uint8Array(0));
}

test('a path is in no group after power-on', async () => {
  expect(await group(device())).toBe(`00${NO_GROUP}`);
});

test.for([
  ['establish', '00', `c0${GROUP}`],
  ['establish in multipath mode', '80', `c8${GROUP}`],
  ['disband', '20', `80${NO_GROUP}`],
  ['disband in multipath mode', 'a0', `80${NO_GROUP}`],
  ['resign', '40', `80${NO_GROUP}`],
] as const)('after %s (%s) the path is %s', async ([, code, expected]) => {
  const unit = device();
  const { status, residual } = await runChain(unit, [put(0xaf, `${code}${GROUP}`)]);
  expect({ status, residual }).toEqual({ status: NORMAL, residual: 0 });
  expect(await group(unit)).toBe(expected);
});

test.for([
  ['a group of zeros', `00${NO_GROUP}`, '800004'],
  ['the function 60', `60${GROUP}`, '800004'],
  ['a low bit', `01${GROUP}`, '800004'],
  ['another group while in one', `00${OTHER}`, '800004'],
  ['11 bytes', `00${GROUP}`.slice(0, 22), '800003'],
] as const)(
  'Set Path Group ID with %s is refused and changes nothing',
  async ([, bytes, sense]) => {
    const unit = device();
    await runChain(unit, [put(0xaf, `00${GROUP}`)]);
    expect(senseOf(await runChain(unit, [put(0xaf, bytes)]))).toBe(sense);
    expect(await group(unit)).toBe(`c0${GROUP}`);
  },
);

test('a path leaves its group and enters another', async () => {
  const unit = device();
  await runChain(unit, [put(0xaf, `80${GROUP}`)]);
  await runChain(unit, [put(0xaf, `a0${GROUP}`)]);
  await runChain(unit, [put(0xaf, `00${OTHER}`)]);
  expect(await group(unit)).toBe(`c0${OTHER}`);
});

test('a reset takes the path out of its group and ends a reservation', async () => {
  const unit = device();
  await runChain(unit, [put(0xaf, `00${GROUP}`)]);
  await runChain(unit, [get(0xb4, 32)]);
  unit.reset();
  expect(await group(unit)).toBe(`00${NO_GROUP}`);
});

test.for([
  ['reserve', 0xb4, '30'],
  ['unconditional reserve', 0x14, '30'],
  ['release', 0x94, '00'],
] as const)('after %s the state of the path is %s', async ([, code, expected]) => {
  const unit = device();
  const { status, data } = await runChain(unit, [get(code, 32, true)]);
  expect({ status, first: data[0]?.[0] }).toEqual({ status: NORMAL, first: 0 });
  expect((await group(unit)).slice(0, 2)).toBe(expected);
});

test('a release ends a reservation', async () => {
  const unit = device();
  await runChain(unit, [get(0xb4, 32)]);
  await runChain(unit, [get(0x94, 32)]);
  expect(await group(unit)).toBe(`00${NO_GROUP}`);
});

test('Reset Allegiance tells of the reservation and the group', async () => {
  const unit = device();
  await runChain(unit, [put(0xaf, `80${GROUP}`)]);
  await runChain(unit, [get(0xb4, 32)]);
  const { data } = await runChain(unit, [get(0x44, 32, true)]);
  expect(toHex(data[0] ?? new Uint8Array(0))).toBe(`9020000000${GROUP}${'00'.repeat(16)}`);
});

const NOP = control(0x03);
const SUSPEND = control(0x5b);
const FEATURES = put(0x27, '180000000000 41 0000000000');
const SEQUENCE = '800002';

const ORDERS: readonly (readonly [string, readonly TestCcw[], string])[] = [
  ['Sense Path Group ID behind another', [NOP, get(0x34, 12)], SEQUENCE],
  ['Sense Path Group ID before another', [get(0x34, 12), NOP], SEQUENCE],
  ['Sense Path Group ID behind 5B', [SUSPEND, get(0x34, 12)], ''],
  ['Sense Path Group ID behind a second 5B', [SUSPEND, SUSPEND, get(0x34, 12)], SEQUENCE],
  ['Set Path Group ID behind another', [NOP, put(0xaf, `00${GROUP}`)], SEQUENCE],
  ['Set Path Group ID before another', [put(0xaf, `00${GROUP}`), NOP], SEQUENCE],
  ['reserve behind another', [NOP, get(0xb4, 32)], SEQUENCE],
  ['reserve behind 5B', [SUSPEND, get(0xb4, 32)], ''],
  ['Reset Allegiance behind another', [NOP, get(0x44, 32)], SEQUENCE],
  ['release behind a file mask', [put(0x1f, '00'), get(0x94, 32)], SEQUENCE],
  ['release behind a seek', [put(0x07, '000000000000'), get(0x94, 32)], ''],
  ['Sense Subsystem Status behind Read Configuration Data', [get(0xfa, 256), get(0x54, 44)], ''],
  ['Sense Subsystem Status behind another', [NOP, get(0x54, 44)], SEQUENCE],
  ['Sense Subsystem Status before another', [get(0x54, 44), NOP], SEQUENCE],
  ['Read Buffered Log behind Read Device Characteristics', [get(0x64, 64), get(0xa4, 32)], ''],
  ['Read Buffered Log behind another', [NOP, get(0xa4, 32)], SEQUENCE],
  ['subsystem data that is not prepared', [get(0x3e, 256)], SEQUENCE],
  ['subsystem data that is not read', [FEATURES, NOP], SEQUENCE],
  ['subsystem data read twice', [FEATURES, get(0x3e, 256), get(0x3e, 256)], SEQUENCE],
  ['two kinds of subsystem data', [FEATURES, get(0x3e, 256), FEATURES, get(0x3e, 256)], ''],
  ['another command behind subsystem data', [FEATURES, get(0x3e, 256), NOP], SEQUENCE],
  ['Set Subsystem Mode before another', [put(0x87, '2000'), NOP], SEQUENCE],
  ['Set Subsystem Mode behind another', [NOP, put(0x87, '2000')], SEQUENCE],
  ['Set Subsystem Mode with a message', [put(0x87, '4100'), get(0x4e, 4)], ''],
  ['Read Message ID behind another', [NOP, get(0x4e, 4)], SEQUENCE],
  ['Read Message ID before another', [get(0x4e, 4), NOP], SEQUENCE],
];

test.for(ORDERS)('%s: %o is "%s"', async ([, chain, sense]) => {
  expect(senseOf(await runChain(device(), chain))).toBe(sense);
});

test.for([
  ['features', '41', '0000000000', '00'.repeat(256)],
  ['unit addresses', '0e', '0000000000', '00'.repeat(512)],
  ['path status', '00', '0000000000', `c080${'00'.repeat(14)}01${'00'.repeat(7)}`],
  ['statistics', '01', '0000000000', `0000${'00'.repeat(92)}0001`],
  ['all statistics', '01', 'ff01000000', `0000${'00'.repeat(92)}0001${'00'.repeat(96)}`],
  ['an attention message', '03', '0011223344', '000900001122334400'],
  ['host access', '1c', '0000000000', `${'00'.repeat(17)}200001${'00'.repeat(32)}`],
] as const)('%s are read as subsystem data', async ([, suborder, rest, expected]) => {
  const chain = [put(0x27, `180000000000 ${suborder} ${rest}`), get(0x3e, 600)];
  const { status, data } = await runChain(device(), chain);
  expect(status).toBe(NORMAL);
  expect(toHex(data[0] ?? new Uint8Array(0))).toBe(expected);
});

test.for([
  ['an unknown suborder', '180000000000 52 0000000000', '800004'],
  ['flags', '180100000000 41 0000000000', '800004'],
  ['an address', '180000000100 41 0000000000', '800004'],
  ['a scope', '180000000000 41 ff00000000', '800004'],
  ['parameters that it has not', '180000000000 41 0000000001', '800004'],
  ['statistics of an unknown kind', '180000000000 01 0002000000', '800004'],
  ['11 bytes', '180000000000 41 00000000', '800003'],
  ['an unknown order', '9900', '800004'],
  ['one byte', '18', '800003'],
  ['no byte', '', '800003'],
  ['characteristics of 65 bytes', `1d${'00'.repeat(64)}`, '800003'],
  ['characteristics with flags', `1d01${'00'.repeat(64)}`, '800004'],
  ['the characteristics of Linux', `1d0000000000c888${'00'.repeat(58)}`, ''],
  ['an interface identifier', 'b0010000', ''],
  ['an interface identifier with flags', 'b0020000', '800004'],
] as const)('Perform Subsystem Function with %s is "%s"', async ([, bytes, sense]) => {
  expect(senseOf(await runChain(device(), [put(0x27, bytes)]))).toBe(sense);
});

test.for([
  ['2000', ''],
  ['0000', ''],
  ['2002', '800004'],
  ['0200', '800004'],
  ['2400', '800004'],
  ['20', '800003'],
] as const)('Set Subsystem Mode %s is "%s"', async ([bytes, sense]) => {
  expect(senseOf(await runChain(device(), [put(0x87, bytes)]))).toBe(sense);
});

test.for([
  ['12000000', '02', ''],
  ['12000000', '00', '800005'],
  ['13000000', '02', '800004'],
  ['12000100', '02', '800004'],
  ['120000', '02', '800003'],
] as const)('Diagnostic Control %s under mask %s is "%s"', async ([bytes, mask, sense]) => {
  expect(senseOf(await runChain(device(), [put(0x1f, mask), put(0xf3, bytes)]))).toBe(sense);
});
