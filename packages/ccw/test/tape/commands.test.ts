import { describe, expect, test as base } from 'vitest';
import { inFolder, type InFolder } from '../image/support.ts';
import {
  BACK,
  BACK_FILE,
  BLOCK_ID,
  block,
  blockId,
  CHECK,
  checkOf,
  EXCEPTION,
  FORWARD,
  FORWARD_FILE,
  LOCATE,
  loaded,
  MARK,
  MODE_SET,
  NORMAL,
  READ,
  REWIND,
  SENSE,
  splitImage,
  tapeImage,
  WRITE,
} from './support.ts';

const test = base.extend<InFolder>(inFolder);
const A = block(80, 1);
const B = block(4000, 2);
const C = block(65_535, 3);

describe('writing', () => {
  test('makes the file that AWSTAPE is', async ({ folder }) => {
    await using rig = await loaded(folder);
    const { status } = await rig.run([WRITE, A], [WRITE, B], [MARK], [WRITE, C], [MARK], [MARK]);
    expect(status).toBe(NORMAL);
    expect(rig.contents()).toEqual(tapeImage([A, B, 'mark', C, 'mark', 'mark']));
  });

  test('splits a block that one header cannot announce', async ({ folder }) => {
    await using rig = await loaded(folder);
    const long = block(150_000);
    await rig.run([WRITE, long], [MARK]);
    const mark = Buffer.from([0, 0, 0xf2, 0x49, 0x40, 0]);
    expect(rig.contents()).toEqual(Buffer.concat([splitImage(long, 65_535), mark]));
    expect((await rig.run([BACK])).status).toBe(EXCEPTION);
    expect((await rig.run([BACK], [READ])).data[1]).toEqual(long);
  });

  test('in the middle of a tape ends the tape there', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([A, B, 'mark', C]));
    await rig.run([FORWARD], [WRITE, A]);
    expect(rig.contents()).toEqual(tapeImage([A, A]));
    expect(checkOf(await rig.run([READ]))).toBe('08 40 36');
  });

  test('waits for the end of the chain, but not for ever', async ({ folder }) => {
    await using rig = await loaded(folder);
    rig.unit.begin();
    const command = { code: WRITE, count: C.length, data: C, previous: undefined, isChained: true };
    for (let i = 0; i < 8; i++) await rig.unit.execute(command);
    expect(rig.contents()).toHaveLength(0);
    for (let i = 0; i < 8; i++) await rig.unit.execute(command);
    expect(rig.contents().length).toBeGreaterThan(0x10_0000);
    await rig.unit.end();
  });

  test('takes data that its owner changes afterwards', async ({ folder }) => {
    await using rig = await loaded(folder);
    const data = A.slice();
    rig.unit.begin();
    const command = { code: WRITE, count: 80, data, previous: undefined, isChained: false };
    await rig.unit.execute(command);
    data.fill(0xff);
    await rig.unit.end();
    expect(rig.contents()).toEqual(tapeImage([A]));
  });
});

describe('reading', () => {
  test('gives blocks, and a unit exception at each mark', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([A, B, 'mark', 'mark', C]));
    expect((await rig.run([READ], [READ])).data).toEqual([A, B]);
    expect(await rig.run([READ], [READ])).toMatchObject({
      status: EXCEPTION,
      data: [new Uint8Array(0)],
    });
    expect((await rig.run([READ])).status).toBe(EXCEPTION);
    expect((await rig.run([READ])).data).toEqual([C]);
  });

  test('puts the pieces of a block together', async ({ folder }) => {
    const image = Buffer.concat([tapeImage([A]), splitImage(C, 4096, 80)]);
    await using rig = await loaded(folder, image);
    expect((await rig.run([READ], [READ])).data).toEqual([A, C]);
  });

  test('sees what was written over a block that was read', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([A, A]));
    await rig.run([READ], [BACK]);
    const other = block(80, 77);
    await rig.run([WRITE, other]);
    expect((await rig.run([BACK], [READ])).data[1]).toEqual(other);
  });

  test('sees what the same chain has written', async ({ folder }) => {
    await using rig = await loaded(folder);
    const { data } = await rig.run([WRITE, A], [WRITE, B], [BACK], [READ]);
    expect(data[3]).toEqual(B);
  });
});

describe('spacing', () => {
  test('passes blocks both ways, and stops behind a mark with a unit exception', async ({
    folder,
  }) => {
    await using rig = await loaded(folder, tapeImage([A, 'mark', B]));
    expect((await rig.run([FORWARD])).status).toBe(NORMAL);
    expect((await rig.run([FORWARD])).status).toBe(EXCEPTION);
    expect((await rig.run([READ])).data).toEqual([B]);
    expect((await rig.run([BACK])).status).toBe(NORMAL);
    expect((await rig.run([BACK])).status).toBe(EXCEPTION);
    expect((await rig.run([BACK], [READ])).data[1]).toEqual(A);
  });

  test('passes files both ways without a unit exception', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([A, B, 'mark', B, 'mark', C]));
    expect((await rig.run([FORWARD_FILE], [FORWARD_FILE], [READ])).data[2]).toEqual(C);
    expect((await rig.run([BACK_FILE], [BACK_FILE])).status).toBe(NORMAL);
    expect((await rig.run([READ])).status).toBe(EXCEPTION);
    expect((await rig.run([READ])).data).toEqual([B]);
  });

  test('goes a long way back', async ({ folder }) => {
    const items = Array.from({ length: 3000 }, (_, at) => block(1 + (at % 90), at));
    await using rig = await loaded(folder, tapeImage([A, 'mark', ...items]));
    expect((await rig.run([LOCATE, blockId(3002)], [BACK_FILE])).status).toBe(NORMAL);
    expect(rig.unit.mounted?.block).toBe(1);
    expect((await rig.run([FORWARD_FILE])).status).toBe(NORMAL);
    expect((await rig.run([READ])).data).toEqual([items[0]]);
  });

  test('takes a block in pieces for one, both ways', async ({ folder }) => {
    const image = Buffer.concat([tapeImage([A]), splitImage(B, 100, 80)]);
    await using rig = await loaded(folder, image);
    expect((await rig.run([FORWARD], [FORWARD], [BACK], [BACK], [READ])).data[4]).toEqual(A);
    expect((await rig.run([READ])).data).toEqual([B]);
  });

  test('ends where the program is not wanted any more', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([A, A, A, 'mark']));
    rig.unit.begin();
    rig.unit.abort();
    const none = { count: 1, data: new Uint8Array(0), previous: undefined, isChained: false };
    await rig.unit.execute({ ...none, code: FORWARD_FILE });
    await rig.unit.end();
    expect(rig.unit.mounted?.block).toBe(1);
  });
});

describe('block identifiers', () => {
  test('count blocks and marks, of the host and of the tape', async ({ folder }) => {
    await using rig = await loaded(folder);
    const { data } = await rig.run([WRITE, A], [WRITE, A], [BLOCK_ID], [MARK], [REWIND]);
    expect(data[2]).toEqual(Uint8Array.of(1, 0, 0, 2, 1, 0, 0, 0));
    expect((await rig.run([FORWARD_FILE], [BLOCK_ID])).data[1]).toEqual(
      Uint8Array.of(1, 0, 0, 3, 1, 0, 0, 3),
    );
  });

  test('lead to their blocks', async ({ folder }) => {
    const items = Array.from({ length: 3000 }, (_, at) => block(20 + (at % 50), at));
    await using rig = await loaded(folder, tapeImage(items));
    for (const at of [2999, 0, 1024, 1023, 2500, 2600, 1]) {
      const { data } = await rig.run([LOCATE, blockId(at)], [READ]);
      expect(data[1]).toEqual(items[at]);
    }
    expect((await rig.run([LOCATE, blockId(3000)])).status).toBe(NORMAL);
    expect(checkOf(await rig.run([LOCATE, blockId(3001)]))).toBe('10 c0 44');
  });

  test('lead to blocks that were written over others', async ({ folder }) => {
    const items = Array.from({ length: 2100 }, (_, at) => block(20, at));
    await using rig = await loaded(folder, tapeImage(Array.from(items, () => A)));
    await rig.run([LOCATE, blockId(1000)], ...items.map((item) => [WRITE, item] as const));
    expect((await rig.run([LOCATE, blockId(2500)], [READ])).data[1]).toEqual(items[1500]);
    expect((await rig.run([LOCATE, blockId(1024)], [READ])).data[1]).toEqual(items[24]);
  });
});

test('Data Security Erase behind Erase Gap ends the tape at the heads', async ({ folder }) => {
  await using rig = await loaded(folder, tapeImage([A, B, 'mark']));
  expect((await rig.run([FORWARD], [0x17], [0x97], [REWIND])).status).toBe(NORMAL);
  expect(rig.contents()).toEqual(tapeImage([A]));
});

test('Erase Gap alone leaves what is behind', async ({ folder }) => {
  await using rig = await loaded(folder, tapeImage([A, B]));
  expect((await rig.run([0x17], [READ])).data[1]).toEqual(A);
});

interface Refused {
  readonly what: string;
  readonly steps: readonly (readonly [number, Uint8Array?])[];
}

const REFUSED: readonly Refused[] = [
  { what: 'Read Backward', steps: [[0x0c]] },
  { what: 'a command that no drive has', steps: [[0xd4]] },
  { what: 'Data Security Erase behind nothing', steps: [[0x97]] },
  { what: 'Data Security Erase behind another command', steps: [[0x03], [0x97]] },
  { what: 'Locate Block with 3 bytes', steps: [[LOCATE, new Uint8Array(3)]] },
  { what: 'Locate Block of format 3', steps: [[LOCATE, Uint8Array.of(1, 0xc0, 0, 0)]] },
  { what: 'Mode Set without a mode', steps: [[MODE_SET]] },
  { what: 'Load Display of 16 bytes', steps: [[0x9f, new Uint8Array(16)]] },
  { what: 'Read Subsystem Data behind nothing', steps: [[0x3e]] },
  {
    what: 'Read Subsystem Data that is not the next',
    steps: [[0x77, Uint8Array.of(0x18, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0)], [0x03], [0x3e]],
  },
  { what: 'an unknown order', steps: [[0x77, Uint8Array.of(0x55, 0)]] },
  { what: 'an order with flags', steps: [[0x77, Uint8Array.of(0x90, 1)]] },
  {
    what: 'unknown subsystem data',
    steps: [[0x77, Uint8Array.of(0x18, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0)]],
  },
  { what: 'Set Path Group ID of 11 bytes', steps: [[0xaf, new Uint8Array(11).fill(1)]] },
  { what: 'Set Path Group ID of zero', steps: [[0xaf, new Uint8Array(12)]] },
  { what: 'multipath mode', steps: [[0xaf, new Uint8Array(12).fill(0x80)]] },
  { what: 'Assign to a group that is not ours', steps: [[0xb7, new Uint8Array(11).fill(1)]] },
  { what: 'Assign of 10 bytes', steps: [[0xb7, new Uint8Array(10)]] },
  { what: 'Unassign of 10 bytes', steps: [[0xc7, new Uint8Array(10)]] },
  {
    what: 'a command of the supervisor behind a Mode Set that forbids it',
    steps: [[MODE_SET, Uint8Array.of(0x10)], [0x34]],
  },
];

describe('the drive', () => {
  for (const { what, steps } of REFUSED) {
    test(`rejects ${what}`, async ({ folder }) => {
      await using rig = await loaded(folder, tapeImage([A]));
      const { status, sense } = await rig.run(...steps);
      expect(status).toBe(CHECK);
      expect([sense?.[0], sense?.[3]]).toEqual([0x80, 0x27]);
      expect(rig.contents()).toEqual(tapeImage([A]));
    });
  }

  test('rejects a block that is longer than any', async ({ folder }) => {
    await using rig = await loaded(folder);
    expect(checkOf(await rig.run([WRITE, new Uint8Array(0x4_0001)]))).toBe('80 48 4e');
  });

  test('rejects a block of no bytes', async ({ folder }) => {
    await using rig = await loaded(folder);
    rig.unit.begin();
    const none = { count: 0, data: new Uint8Array(0), previous: undefined, isChained: false };
    const { sense } = await rig.unit.execute({ ...none, code: WRITE });
    expect(sense?.[3]).toBe(0x27);
  });
});

describe('of itself the drive tells', () => {
  test('that it is a 3490', async ({ folder }) => {
    await using rig = await loaded(folder);
    const { data } = await rig.run([0xe4], [0x64], [0xfa], [0x24]);
    expect(Buffer.from(data[0] ?? []).toString('hex')).toMatch(/^ff3490..3490..0040fa00a0/v);
    expect(data.map(({ length }) => length)).toEqual([20, 64, 160, 32]);
    expect(Buffer.from(data[1] ?? []).toString('hex')).toMatch(/^3490/v);
  });

  test('its path group and whether it is assigned', async ({ folder }) => {
    await using rig = await loaded(folder);
    const id = block(11, 5);
    const state = async (): Promise<Uint8Array | undefined> => (await rig.run([0x34])).data[0];
    expect(await state()).toEqual(new Uint8Array(12));
    await rig.run([0x5b], [0xaf, Uint8Array.of(0, ...id)]);
    expect(await state()).toEqual(Uint8Array.of(0xc0, ...id));
    expect((await rig.run([0xb7, id])).status).toBe(NORMAL);
    expect(await state()).toEqual(Uint8Array.of(0xf0, ...id));
    await rig.run([0xc7, new Uint8Array(11)]);
    expect((await rig.run([0xaf, new Uint8Array(12).fill(1, 1)])).status).toBe(CHECK);
    await rig.run([0xaf, Uint8Array.of(0x20, ...id)]);
    expect(await state()).toEqual(Uint8Array.of(0x80, ...new Uint8Array(11)));
    expect((await rig.run([0xb7, new Uint8Array(11)])).status).toBe(NORMAL);
    rig.unit.reset();
    expect(await state()).toEqual(new Uint8Array(12));
  });

  test('that there is no message', async ({ folder }) => {
    await using rig = await loaded(folder);
    const prepare = Uint8Array.of(0x18, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0);
    const { data } = await rig.run([0x77, prepare], [0x3e]);
    expect(data[1]).toEqual(Uint8Array.of(0, 9, 0, 0, 0, 0, 0, 0, 0));
  });

  test('what its display shows', async ({ folder }) => {
    await using rig = await loaded(folder);
    const text = Buffer.from('00d4d6e4d5e340d7d3e3c1d7c540f0f0f1', 'hex');
    await rig.run([0x9f, text]);
    expect(rig.unit.display).toBe('MOUNT PLTAPE 001');
  });
});

test('a Sense takes the sense data of the last check, once', async ({ folder }) => {
  await using rig = await loaded(folder);
  const { sense } = await rig.run([0x0c]);
  expect((await rig.run([SENSE])).data[0]).toEqual(sense);
  expect((await rig.run([SENSE])).data[0]?.subarray(0, 4)).toEqual(Uint8Array.of(0, 0x48, 0, 0));
});
