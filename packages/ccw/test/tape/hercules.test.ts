// What tools of Hercules have written we read, and what we have written they read.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test as base } from 'vitest';
import { encodeEbcdic } from '../../src/architecture/ebcdic.ts';
import {
  block,
  checkOf,
  drive,
  EXCEPTION,
  loaded,
  MARK,
  NORMAL,
  READ,
  tapeImage,
  WRITE,
  BACK,
  type Rig,
  type TapeItem,
} from './support.ts';
import { withHercules, type WithHercules } from '../image/hercules.ts';

const test = base.extend<WithHercules>(withHercules);

async function write(rig: Rig, items: readonly TapeItem[]): Promise<void> {
  const { status } = await rig.run(
    ...items.map((item) => (item === 'mark' ? ([MARK] as const) : ([WRITE, item] as const))),
  );
  expect(status).toBe(NORMAL);
}

async function readAll(rig: Rig): Promise<TapeItem[]> {
  const items: TapeItem[] = [];
  for (;;) {
    const end = await rig.run([READ]);
    if (end.status === EXCEPTION) items.push('mark');
    else if (end.status === NORMAL && end.data[0] !== undefined) items.push(end.data[0]);
    else return items;
  }
}

/** Goes back block by block to the beginning. @returns how many there were */
async function backAll(rig: Rig): Promise<number> {
  for (let count = 0; ; count += 1) {
    const end = await rig.run([BACK]);
    if (end.sense?.[3] === 0x39) return count;
    if (end.status !== NORMAL && end.status !== EXCEPTION) throw new Error(checkOf(end));
  }
}

const label = (text: string): Uint8Array => encodeEbcdic(text, { length: 80, codePage: '037' });

const LABELLED: readonly TapeItem[] = [
  label('VOL1TAPE01'),
  label('HDR1SOME.DATA.SET'),
  'mark',
  block(32_760, 1),
  block(32_760, 2),
  block(100, 3),
  'mark',
  label('EOF1SOME.DATA.SET'),
  'mark',
  'mark',
];

test('tapemap lists a tape of ours', async ({ folder, hercules }) => {
  await using rig = await loaded(folder);
  await write(rig, LABELLED);
  const listed = hercules('tapemap', 'tape.aws').split('\n');
  expect(listed.map((line) => line.trimEnd()).slice(0, -1)).toEqual([
    'VOL1TAPE01',
    'HDR1SOME.DATA.SET',
    'File 1: Blocks=2, block size min=80, max=80',
    'File 2: Blocks=3, block size min=100, max=32760',
    'EOF1SOME.DATA.SET',
    'File 3: Blocks=1, block size min=80, max=80',
    'File 4: Blocks=0, block size min=0, max=0',
    'End of tape.',
  ]);
});

test('hetmap lists a tape of ours whose blocks are in pieces', async ({ folder, hercules }) => {
  await using rig = await loaded(folder);
  await write(rig, [block(65_535), block(10), 'mark']);
  const listed = hercules('hetmap', '-f', 'tape.aws');
  expect(listed).toMatch(/Blocks +: 2\n/v);
  expect(listed).toMatch(/Max Blocksize +: 65535\n/v);
});

test('hetget takes a file out of a tape of ours', async ({ folder, hercules }) => {
  await using rig = await loaded(folder);
  const records = block(800, 9);
  await write(rig, [
    block(80),
    'mark',
    records.subarray(0, 400),
    records.subarray(400),
    'mark',
    'mark',
  ]);
  hercules('hetget', '-n', 'tape.aws', 'out', '2', 'FB', '80', '400');
  expect(readFileSync(join(folder, 'out'))).toEqual(Buffer.from(records));
});

test('tapesplt takes a tape of ours apart, and we read the parts', async ({ folder, hercules }) => {
  await using rig = await loaded(folder);
  await write(rig, LABELLED);
  hercules('tapesplt', 'tape.aws', 'first.aws', '1', 'second.aws', '2');
  for (const [name, from, to] of [
    ['first.aws', 0, 3],
    ['second.aws', 3, 9],
  ] as const) {
    await using part = drive(folder, name);
    await part.unit.mount(part.path);
    expect(await readAll(part)).toEqual(LABELLED.slice(from, to));
    expect(await backAll(part)).toBe(to - from);
  }
});

test('what hetinit has made is read', async ({ folder, hercules }) => {
  hercules('hetinit', '-d', 'tape.aws', 'VOL001', 'OWNER');
  await using rig = drive(folder);
  await rig.unit.mount(rig.path);
  const items = await readAll(rig);
  expect(items[0]).toEqual(encodeEbcdic(`VOL1VOL001${' '.repeat(31)}OWNER`, { length: 80 }));
  expect(items).toHaveLength(3);
  expect(items[2]).toBe('mark');
  expect(await backAll(rig)).toBe(3);
});

test('what hetinit has compressed is passed, and not read', async ({ folder, hercules }) => {
  hercules('hetinit', 'tape.aws', 'VOL001', 'OWNER');
  await using rig = drive(folder);
  await rig.unit.mount(rig.path);
  expect(checkOf(await rig.run([READ]))).toBe('18 48 5e');
  expect((await rig.run([0x3f])).status).toBe(NORMAL);
  expect(await backAll(rig)).toBe(3);
});

test('what hetupd has cut into pieces is read, forwards and backwards', async ({
  folder,
  hercules,
}) => {
  const items: readonly TapeItem[] = [
    block(100, 1),
    block(60_000, 2),
    'mark',
    block(4097, 3),
    'mark',
    'mark',
  ];
  writeFileSync(join(folder, 'plain.aws'), tapeImage(items));
  hercules('hetupd', '-s', 'plain.aws', 'tape.aws');
  expect(readFileSync(join(folder, 'tape.aws'))).not.toEqual(tapeImage(items));
  await using rig = drive(folder);
  await rig.unit.mount(rig.path);
  expect(await readAll(rig)).toEqual(items);
  expect(await backAll(rig)).toBe(items.length);
});

test('hetupd reads a tape of ours, and what it makes of it is the same to us', async ({
  folder,
  hercules,
}) => {
  await using rig = await loaded(folder);
  await write(rig, LABELLED);
  hercules('hetupd', '-d', '-c', '5000', 'tape.aws', 'copy.aws');
  await using copy = drive(folder, 'copy.aws');
  await copy.unit.mount(copy.path);
  expect(await readAll(copy)).toEqual(LABELLED);
});
