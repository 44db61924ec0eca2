// The drive behind the real driver and channel, with the chains that Linux sends.

import { writeFileSync } from 'node:fs';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { join } from 'node:path';
import { expect, test as base } from 'vitest';
import { CCW_FLAG_CD } from '../../src/architecture/ccw.ts';
import { input, noOperation, output, type ChainCommand } from '../../src/client/chain.ts';
import { commandName } from '../../src/client/command-names.ts';
import { TapeControlUnit } from '../../src/tape/tape-control-unit.ts';
import { heardAtOnce, Path } from '../client/support.ts';
import { inFolder, type InFolder } from '../image/support.ts';
import { block, CHECK, EXCEPTION, NORMAL, tapeImage } from './support.ts';

const test = base.extend<InFolder>(inFolder);
const A = block(80, 1);
const B = block(60_000, 2);

/** Linux begins each chain with it: buffered writing, compaction. */
const MODE: ChainCommand = output(0xdb, Uint8Array.of(0x08));

/** A chain of Linux for commands without data. */
function control(...codes: readonly number[]): ChainCommand[] {
  return [MODE, ...codes.map((command) => ({ command, sli: true })), noOperation()];
}

interface Stand extends AsyncDisposable {
  readonly path: Path<TapeControlUnit>;
  readonly file: string;
  readonly attention: number[];
}

async function stand(folder: string, contents?: Uint8Array): Promise<Stand> {
  const attention: number[] = [];
  const unit = new TapeControlUnit({ logger: new RecordingLogger() });
  const path = await Path.open(unit, {
    makeSignal: heardAtOnce,
    attention: (status) => attention.push(status),
  });
  const file = join(folder, 'tape.aws');
  if (contents !== undefined) {
    writeFileSync(file, contents);
    await unit.mount(file);
  }
  return { path, file, attention, [Symbol.asyncDispose]: () => path[Symbol.asyncDispose]() };
}

test('Linux brings the drive online', async ({ folder }) => {
  await using at = await stand(folder, tapeImage([A]));
  const { client } = at.path;
  const id = await client.run([input(0xe4, 64, { sli: true })]);
  expect(Buffer.from(id.data[0] ?? []).toString('hex')).toMatch(/^ff3490..3490/v);
  const group = Uint8Array.of(0x80, ...block(11));
  const rejected = await client.run([output(0xaf, group, { sli: true })]);
  expect(rejected.irb.sense.subarray(0, 1)).toEqual(Uint8Array.of(0x80));
  group[0] = 0;
  const grouped = await client.run([output(0xaf, group, { sli: true })]);
  expect(grouped.irb.scsw.deviceStatus).toBe(NORMAL);
  const assigned = await client.run([output(0xb7, new Uint8Array(11)), noOperation()]);
  expect(assigned.irb.scsw.deviceStatus).toBe(NORMAL);
  const sense = await client.run([input(0x04, 32)]);
  expect(sense.data[0]?.subarray(0, 4)).toEqual(Uint8Array.of(0, 0x48, 0, 0));
});

test('what a guest writes it reads back', async ({ folder }) => {
  await using at = await stand(folder, new Uint8Array(0));
  const { client } = at.path;
  for (const data of [A, B]) {
    const { irb } = await client.run([MODE, output(0x01, data)]);
    expect(irb.scsw).toMatchObject({ deviceStatus: NORMAL, subchannelStatus: 0, count: 0 });
  }
  await client.run(control(0x1f, 0x1f));
  await client.run(control(0x07));
  const first = await client.run([MODE, input(0x02, 65_535, { sli: true })]);
  expect(first.data[1]).toEqual(A);
  expect(first.irb.scsw.count).toBe(65_535 - 80);
  expect((await client.run([MODE, input(0x02, 60_000)])).data[1]).toEqual(B);
  const mark = await client.run([MODE, input(0x02, 65_535, { sli: true })]);
  expect(mark.irb.scsw).toMatchObject({ deviceStatus: EXCEPTION, count: 65_535 });
});

test('a block that is longer than the room for it is cut, and its length is wrong', async ({
  folder,
}) => {
  await using at = await stand(folder, tapeImage([B, A]));
  const { irb, data } = await at.path.client.run([MODE, input(0x02, 100)]);
  expect(irb.scsw.subchannelStatus).toBe(0x40);
  expect(data[1]).toEqual(B.subarray(0, 100));
  expect((await at.path.client.run([input(0x02, 80)])).data[0]).toEqual(A);
});

test('a block may come from a chain of data', async ({ folder }) => {
  await using at = await stand(folder, new Uint8Array(0));
  const { client } = at.path;
  const pieces = [B.subarray(0, 30_000), B.subarray(30_000)];
  const [first = A, second = A] = pieces;
  await client.run([output(0x01, first, { flags: CCW_FLAG_CD }), output(0x01, second)]);
  await client.run(control(0x07));
  expect((await client.run([input(0x02, 60_000)])).data[0]).toEqual(B);
});

test('the end of a chain is the end of its writes', async ({ folder }) => {
  await using at = await stand(folder, new Uint8Array(0));
  const { path, file } = at;
  const { irb } = await path.client.run([MODE, output(0x01, A), output(0x01, A)]);
  expect(irb.scsw.deviceStatus).toBe(NORMAL);
  const other = new TapeControlUnit({ logger: new RecordingLogger(), locks: [] });
  await other.mount(file, { isReadOnly: true });
  const none = { count: 1, data: new Uint8Array(0), previous: undefined, isChained: false };
  await other.execute({ ...none, code: 0x37 });
  expect(await other.execute({ ...none, code: 0x02 })).toMatchObject({ data: A });
  await other.close();
});

test('a check comes with its sense data', async ({ folder }) => {
  await using at = await stand(folder, tapeImage([A]));
  const { irb } = await at.path.client.run(control(0x27));
  expect(irb.scsw.deviceStatus).toBe(CHECK);
  expect(irb.sense[3]).toBe(0x39);
  expect(irb.sense).toHaveLength(32);
});

test('a tape that is mounted while the guest runs is announced', async ({ folder }) => {
  await using at = await stand(folder);
  const { path, file, attention } = at;
  const empty = await path.client.run(control(0x07));
  expect(empty.irb.sense[3]).toBe(0x43);
  writeFileSync(file, tapeImage([A]));
  await path.unit.mount(file);
  await expect.poll(() => attention).toEqual([0x85]);
  expect((await path.client.run([MODE, input(0x02, 80)])).data[1]).toEqual(A);
});

test('Rewind Unload ends with the check that Linux takes for success', async ({ folder }) => {
  await using at = await stand(folder, tapeImage([A]));
  const { irb } = await at.path.client.run(control(0x0f));
  expect([irb.scsw.deviceStatus, irb.sense[3]]).toEqual([CHECK, 0x2b]);
  expect(at.path.unit.mounted).toBeUndefined();
});

test('Linux erases a tape', async ({ folder }) => {
  await using at = await stand(folder, tapeImage([A, 'mark', B]));
  const { irb } = await at.path.client.run(control(0x07, 0x17, 0x97, 0x07));
  expect(irb.scsw.deviceStatus).toBe(NORMAL);
  const read = await at.path.client.run([MODE, input(0x02, 80)]);
  expect(read.irb.sense[3]).toBe(0x31);
});

test('every command of the drive has a name', () => {
  const codes = [
    0x01, 0x02, 0x03, 0x04, 0x07, 0x0c, 0x0f, 0x12, 0x17, 0x1f, 0x22, 0x24, 0x27, 0x2f, 0x34, 0x37,
    0x3e, 0x3f, 0x43, 0x4f, 0x5b, 0x64, 0x73, 0x77, 0x97, 0x9f, 0xaf, 0xb7, 0xc3, 0xc7, 0xdb, 0xe4,
    0xfa,
  ];
  for (const code of codes) expect(commandName(code, 'tape')).toBeDefined();
});
