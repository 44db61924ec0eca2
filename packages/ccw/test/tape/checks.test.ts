import { truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test as base } from 'vitest';
import { inFolder, type InFolder } from '../image/support.ts';
import {
  BACK,
  BACK_FILE,
  block,
  checkOf,
  drive,
  EXCEPTION,
  failing,
  FORWARD,
  FORWARD_FILE,
  loaded,
  LOCATE,
  blockId,
  MARK,
  NORMAL,
  READ,
  REWIND,
  SENSE,
  splitImage,
  SYNC,
  tapeImage,
  UNLOAD,
  WRITE,
  type TapeStep,
} from './support.ts';

const test = base.extend<InFolder>(inFolder);
const A = block(80, 1);
const B = block(4000, 2);

interface Case {
  readonly what: string;
  readonly contents?: Uint8Array;
  readonly isReadOnly?: boolean;
  readonly capacity?: number;
  readonly steps: readonly TapeStep[];
  /** Sense bytes 0, 1 and 3. */
  readonly sense: string;
}

/** A file whose header at an offset has another byte. */
function spoilt(contents: Buffer, offset: number, value: number): Buffer {
  const bytes = Buffer.from(contents);
  bytes[offset] = value;
  return bytes;
}

const TWO = tapeImage([A, B]);

/** A block whose data ends like tape marks do, and one whose header leads into it. */
function misleading(previousLength: number, padding: number): Buffer {
  const mark = Buffer.from([0, 0, 0, 0, 0x40, 0]);
  const first = tapeImage([Buffer.concat([A, mark, mark, Buffer.alloc(padding)])]);
  return Buffer.concat([first, Buffer.from([80, 0, previousLength, 0, 0xa0, 0]), A]);
}

/** Where the second header is. */
const SECOND = 86;

const CASES: readonly Case[] = [
  { what: 'a read of a tape without data', steps: [[READ]], sense: '08 48 31' },
  {
    what: 'a read behind the data',
    contents: TWO,
    steps: [[FORWARD], [FORWARD], [READ]],
    sense: '08 40 36',
  },
  {
    what: 'a space behind the data',
    contents: TWO,
    steps: [[FORWARD], [FORWARD], [FORWARD]],
    sense: '08 40 36',
  },
  {
    what: 'a search for a mark behind the data',
    contents: TWO,
    steps: [[FORWARD_FILE]],
    sense: '08 40 36',
  },
  { what: 'a space back at the beginning', contents: TWO, steps: [[BACK]], sense: '00 48 39' },
  {
    what: 'a search back at the beginning',
    contents: TWO,
    steps: [[FORWARD], [BACK_FILE]],
    sense: '00 48 39',
  },
  { what: 'a write on a protected tape', isReadOnly: true, steps: [[WRITE, A]], sense: '80 4a 30' },
  {
    what: 'a mark on a protected tape',
    isReadOnly: true,
    contents: TWO,
    steps: [[FORWARD], [MARK]],
    sense: '80 42 30',
  },
  { what: 'a gap on a protected tape', isReadOnly: true, steps: [[0x17]], sense: '80 4a 30' },
  {
    what: 'a write behind the capacity',
    capacity: 200,
    steps: [
      [WRITE, A],
      [LOCATE, blockId(1)],
      [WRITE, block(109)],
    ],
    sense: '10 44 38',
  },
  {
    what: 'a mark behind the capacity',
    capacity: 90,
    contents: tapeImage([A]),
    steps: [[FORWARD], [MARK]],
    sense: '10 44 38',
  },
  {
    what: 'a block that is compressed',
    contents: spoilt(TWO, SECOND + 4, 0xa1),
    steps: [[FORWARD], [READ]],
    sense: '18 40 5e',
  },
  {
    what: 'a block longer than any',
    contents: splitImage(block(0x4_0001), 65_535),
    steps: [[READ]],
    sense: '18 48 5e',
  },
  {
    what: 'flags that make no sense',
    contents: spoilt(TWO, SECOND + 4, 0xa4),
    steps: [[FORWARD], [READ]],
    sense: '08 50 41',
  },
  {
    what: 'a mark with data',
    contents: spoilt(TWO, SECOND + 4, 0x40),
    steps: [[FORWARD], [FORWARD]],
    sense: '08 50 41',
  },
  {
    what: 'a block without a beginning',
    contents: spoilt(TWO, SECOND + 4, 0x20),
    steps: [[FORWARD], [READ]],
    sense: '08 50 41',
  },
  {
    what: 'a mark within a block',
    contents: Buffer.concat([
      tapeImage([A]),
      splitImage(B, 3000, 80).subarray(0, 3006),
      tapeImage(['mark']),
    ]),
    steps: [[FORWARD], [READ]],
    sense: '08 50 41',
  },
  {
    what: 'a beginning within a block',
    contents: Buffer.concat([
      tapeImage([A]),
      splitImage(B, 3000, 80).subarray(0, 3006),
      tapeImage([A]),
    ]),
    steps: [[FORWARD], [READ]],
    sense: '08 50 41',
  },
  {
    what: 'a block of nothing but pieces without data',
    contents: Buffer.concat([tapeImage([A]), Buffer.from([0, 0, 80, 0, 0xa0, 0])]),
    steps: [[FORWARD], [READ]],
    sense: '08 50 41',
  },
  {
    what: 'a piece behind the end whose previous length is wrong',
    contents: spoilt(TWO, SECOND + 2, 81).subarray(0, 2000),
    steps: [[FORWARD], [READ]],
    sense: '08 50 41',
  },
  {
    what: 'a space back over damage',
    contents: spoilt(TWO, SECOND + 2, 81),
    steps: [[FORWARD], [FORWARD], [BACK], [BACK]],
    sense: '08 50 41',
  },
  {
    what: 'a space back into the data of the first block',
    contents: misleading(0, 0),
    steps: [[FORWARD], [FORWARD], [BACK], [BACK]],
    sense: '08 50 41',
  },
  {
    what: 'a space back to a header of another length',
    contents: Buffer.concat([tapeImage([A]), misleading(1, 1)]),
    steps: [[FORWARD], [FORWARD], [FORWARD], [BACK], [BACK]],
    sense: '08 50 41',
  },
  {
    what: 'a space back out of the file',
    contents: spoilt(TWO, SECOND + 3, 0xff),
    steps: [[FORWARD], [FORWARD], [BACK], [BACK]],
    sense: '08 50 41',
  },
];

describe('sense data', () => {
  for (const { what, contents, isReadOnly = false, capacity, steps, sense } of CASES) {
    test(`tells ${what}`, async ({ folder }) => {
      const options = { isReadOnly, ...(capacity === undefined ? {} : { capacity, warning: 0 }) };
      await using rig = await loaded(folder, contents, options);
      const end = await rig.run(...steps);
      expect(checkOf(end)).toBe(sense);
      expect(end.sense).toHaveLength(32);
      expect(end.sense?.[7]).toBe(0x20);
    });
  }

  const NEEDS_TAPE = [
    WRITE,
    READ,
    REWIND,
    UNLOAD,
    0x12,
    0x17,
    MARK,
    0x22,
    BACK,
    BACK_FILE,
    FORWARD,
    FORWARD_FILE,
    SYNC,
    LOCATE,
    0xc3,
  ];
  for (const code of NEEDS_TAPE) {
    test(`tells that ${code.toString(16)} needs a tape`, async ({ folder }) => {
      await using rig = drive(folder);
      expect(checkOf(await rig.run([code, new Uint8Array(4)]))).toBe('40 40 43');
    });
  }

  const NEEDS_NONE = [0x03, 0x24, 0x34, 0x5b, 0x64, 0xb7, 0xc7, 0xdb, 0xe4, 0xfa, SENSE];
  test('tells nothing of commands that need no tape', async ({ folder }) => {
    await using rig = drive(folder);
    for (const code of NEEDS_NONE) {
      expect((await rig.run([code, new Uint8Array(11)])).status).toBe(NORMAL);
    }
    expect((await rig.run([SENSE])).data[0]?.subarray(0, 4)).toEqual(
      Uint8Array.of(0x40, 0x40, 0, 0),
    );
  });
});

test('an unloaded drive says so at the end of Rewind Unload, and gives its file back', async ({
  folder,
}) => {
  await using rig = await loaded(folder);
  await rig.run([WRITE, A]);
  const end = await rig.run([UNLOAD]);
  expect(checkOf(end)).toBe('40 40 2b');
  expect(end.sense?.[7]).toBe(0x21);
  expect(rig.unit.mounted).toBeUndefined();
  expect(rig.files.calls.at(-1)).toBe('sync');
  await rig.unit.mount(rig.path);
  expect((await rig.run([READ])).data).toEqual([A]);
});

describe('near the end of a tape', () => {
  test('what is written is written with a unit exception', async ({ folder }) => {
    await using rig = await loaded(folder, undefined, { capacity: 300, warning: 200 });
    expect((await rig.run([WRITE, A])).status).toBe(NORMAL);
    expect((await rig.run([WRITE, A])).status).toBe(EXCEPTION);
    expect((await rig.run([MARK])).status).toBe(EXCEPTION);
    expect((await rig.run([0x17])).status).toBe(EXCEPTION);
    expect(rig.contents()).toEqual(tapeImage([A, A, 'mark']));
  });

  test('the last mark may fill it', async ({ folder }) => {
    await using rig = await loaded(folder, undefined, { capacity: 92 });
    await rig.run([WRITE, A], [MARK]);
    expect((await rig.run([MARK])).status).toBe(EXCEPTION);
    expect((await rig.run([MARK])).sense?.[3]).toBe(0x38);
    expect(rig.contents()).toHaveLength(92);
  });

  test('reads end as everywhere', async ({ folder }) => {
    await using rig = await loaded(folder, TWO, { capacity: 10 });
    expect((await rig.run([READ], [READ])).status).toBe(NORMAL);
  });
});

describe('when the file fails', () => {
  test('a read fails, and the tape stays where it was', async ({ folder }) => {
    await using rig = await loaded(folder, TWO);
    await rig.run([FORWARD]);
    rig.files.fault = failing('read');
    expect(checkOf(await rig.run([READ]))).toBe('18 40 2c');
    expect(rig.logger.take('error')).toHaveLength(1);
    rig.files.fault = () => undefined;
    expect((await rig.run([READ])).data).toEqual([B]);
  });

  test('somebody who cuts it makes damage', async ({ folder }) => {
    await using rig = await loaded(folder, TWO);
    truncateSync(rig.path, 1000);
    expect(checkOf(await rig.run([FORWARD], [READ]))).toBe('08 50 41');
  });

  for (const [code, sense] of [
    ['EIO', '0a 4c 25'],
    ['ENOSPC', '12 4c 38'],
  ] as const) {
    test(`a chain whose blocks are lost to ${code} ends with unit check`, async ({ folder }) => {
      await using rig = await loaded(folder);
      rig.files.fault = failing('write', code);
      expect(checkOf(await rig.run([WRITE, A], [WRITE, B]))).toBe(sense);
      expect(rig.contents()).toHaveLength(0);
      expect(rig.logger.take('error')).toHaveLength(1);
    });
  }

  test('the volume is fenced until it is rewound', async ({ folder }) => {
    await using rig = await loaded(folder, tapeImage([A]));
    await rig.run([FORWARD]);
    rig.files.fault = failing('write');
    await rig.run([WRITE, B]);
    rig.files.fault = () => undefined;
    for (const code of [WRITE, READ, MARK, BACK, FORWARD, SYNC, 0x22]) {
      expect(checkOf(await rig.run([code, A]))).toBe('12 44 47');
    }
    expect(rig.contents()).toEqual(tapeImage([A]));
    expect((await rig.run([REWIND], [READ])).data[1]).toEqual(A);
    rig.logger.take('error');
  });

  test('a guest that knows may reset the fence, and goes on behind the last whole block', async ({
    folder,
  }) => {
    await using rig = await loaded(folder, tapeImage([A]));
    await rig.run([FORWARD]);
    rig.files.fault = failing('write');
    await rig.run([WRITE, B], [WRITE, B]);
    rig.files.fault = () => undefined;
    const { status } = await rig.run([0x77, Uint8Array.of(0x90, 0)], [WRITE, A]);
    expect(status).toBe(NORMAL);
    expect(rig.contents()).toEqual(tapeImage([A, A]));
    rig.logger.take('error');
  });

  test('a mark that is not durable is no mark', async ({ folder }) => {
    await using rig = await loaded(folder);
    rig.files.fault = failing('sync');
    expect(checkOf(await rig.run([WRITE, A], [MARK]))).toBe('0a 4c 25');
    rig.files.fault = () => undefined;
    await rig.run([REWIND], [WRITE, B], [MARK]);
    expect(rig.contents()).toEqual(tapeImage([B, 'mark']));
    rig.logger.take('error');
  });

  test('an unmount says that blocks are lost, and the drive is empty', async ({ folder }) => {
    await using rig = await loaded(folder);
    await rig.run([WRITE, A]);
    rig.files.fault = failing('sync');
    await expect(rig.unit.unmount()).rejects.toThrow('EIO');
    expect(rig.unit.mounted).toBeUndefined();
    rig.files.fault = () => undefined;
    writeFileSync(rig.path, tapeImage([B]));
    await rig.unit.mount(rig.path);
    expect((await rig.run([READ])).data).toEqual([B]);
    rig.logger.take('error');
  });
});
