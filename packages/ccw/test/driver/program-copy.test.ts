// What is copied of a channel program, and where the data of each CCW is found.

import { outcome } from '@vfio-ts/conformance';
import type { ErrnoCode } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import {
  CCW_FLAG_CC,
  CCW_FLAG_CD,
  CCW_FLAG_IDA,
  CCW_FLAG_MIDA,
  CCW_FLAG_SKIP,
  encodeIdaws,
  IDAW_FORMAT_1,
  IDAW_FORMAT_2,
  ORB_2K_IDAW_CONTROL,
  ORB_FORMAT_2_IDAW_CONTROL,
  ORB_FORMAT_CONTROL,
  type Ccw,
  type DataPiece,
  type IdawFormat,
} from '../../src/index.ts';
import { DATA_PIECES_MAX, SEGMENTS_MAX } from '../../src/driver/program-copy.ts';
import { NOWHERE } from '../../src/driver/program-data.ts';
import { segmentOf, SparseMemory } from '../support/memory-reads.ts';
import { errno } from '../support/open-ccw.ts';

const AT = 0x1_0000;
const DATA = 0x8_0000;
const CC = CCW_FLAG_CC;
const TIC = 0x08;

const nops = (count: number, lastFlags = 0): Partial<Ccw>[] =>
  Array.from({ length: count }, (_, i) => ({ flags: i === count - 1 ? lastFlags : CC }));

describe('a segment', () => {
  test.each([1, 2, 255, 256])('of %i CCWs is copied', (count) => {
    const first = new SparseMemory().ccws(AT, nops(count)).copy(AT);
    expect(segmentOf(first)).toEqual(Array.from({ length: count }, (_, i) => AT + 8 * i));
  });

  test.each<[string, Partial<Ccw>[]]>([
    ['257 CCWs', nops(257)],
    ['256 CCWs of which the last chains', nops(256, CC)],
    ['256 CCWs of which the last chains data', nops(256, CCW_FLAG_CD)],
    [
      '256 CCWs of which the last is a TIC to the first',
      [...nops(255, CC), { command: TIC, address: AT }],
    ],
  ])('of %s is EINVAL', (_what, ccws) => {
    expect(() => new SparseMemory().ccws(AT, ccws).copy(AT)).toThrow(errno('EINVAL'));
  });

  test('goes on behind a TIC back into it', () => {
    const search = [{ flags: CC }, { command: TIC, address: AT }, { flags: CC }, {}];
    const first = new SparseMemory().ccws(AT, search).copy(AT);
    expect(segmentOf(first)).toEqual([AT, AT + 8, AT + 16, AT + 24]);
    expect(first.next?.target).toBe(first);
  });

  test('goes on behind a TIC to itself', () => {
    const memory = new SparseMemory().ccws(AT, [
      { flags: CC },
      { command: TIC, address: AT + 8 },
      {},
    ]);
    const tic = memory.copy(AT).next;
    expect(tic?.target).toBe(tic);
    expect(tic?.next?.address).toBe(AT + 16);
  });

  test('ends with a TIC that leads ahead', () => {
    const memory = new SparseMemory()
      .ccws(AT, [{ flags: CC }, { command: TIC, address: AT + 0x1000 }, {}])
      .ccws(AT + 0x1000, [{ command: 0x04 }]);
    const first = memory.copy(AT);
    expect(segmentOf(first)).toEqual([AT, AT + 8]);
    expect(first.next?.target?.command).toBe(0x04);
  });

  test.each<[number, number]>([
    [0x08, 0],
    [0x48, 0],
    [0xf8, CC],
  ])('of format 0 takes command %i with flags %i for a TIC', (command, flags) => {
    const memory = new SparseMemory().ccws0(AT, [
      { flags: CC },
      { command, flags, count: 77, address: AT + 0x1000 },
    ]);
    memory.ccws0(AT + 0x1000, [{ command: 0x04, count: 1, address: AT }]);
    const tic = memory.copy(AT, 0).next;
    expect(tic).toMatchObject({ command: TIC, flags: 0, count: 0, next: undefined });
    expect(tic?.target?.command).toBe(0x04);
  });

  test('of format 1 takes only command 8 for a TIC', () => {
    const first = new SparseMemory().ccws(AT, [{ command: 0x18, address: 0x7fff_0000 }]).copy(AT);
    expect(first.target).toBe(undefined);
  });
});

describe('segments', () => {
  test('are shared by all TICs that lead into them', () => {
    const shared = AT + 0x1000;
    const memory = new SparseMemory()
      .ccws(AT, [{ flags: CC }, { command: TIC, address: shared }])
      .ccws(shared, [{ flags: CC }, { flags: CC }, { command: TIC, address: shared + 8 }, {}]);
    const first = memory.copy(AT);
    const second = first.next?.target?.next;
    expect(second?.address).toBe(shared + 8);
    expect(second?.next?.target).toBe(second);
    expect(memory.reads.length).toBe(2);
  });

  test('can lead back and forth', () => {
    const memory = new SparseMemory()
      .ccws(AT, [{ flags: CC }, { command: TIC, address: AT + 0x1000 }])
      .ccws(AT + 0x1000, [{ flags: CC }, { command: TIC, address: AT }]);
    const first = memory.copy(AT);
    expect(first.next?.target?.next?.target).toBe(first);
  });

  test('a TIC between two CCWs leads to no command', () => {
    const memory = new SparseMemory().ccws(AT, [
      { flags: CC },
      { command: TIC, address: AT + 4 },
      {},
    ]);
    expect(memory.copy(AT).next?.target).toMatchObject({ address: AT + 4, command: 0, count: 0 });
  });

  test.each([1, 4, 7])('none begins %i bytes past a doubleword', (offset) => {
    const memory = new SparseMemory().ccws(AT, [{ command: TIC, address: AT + 0x1000 + offset }]);
    expect(memory.copy(AT).target).toMatchObject({ address: AT + 0x1000 + offset, command: 0 });
    expect(memory.copy(AT + offset)).toMatchObject({ address: AT + offset, command: 0 });
  });

  test.each<[number, ErrnoCode | undefined]>([
    [SEGMENTS_MAX, undefined],
    [SEGMENTS_MAX + 1, 'ENOMEM'],
  ])('%i of them: %s', async (count, code) => {
    const memory = new SparseMemory();
    for (let i = 0; i < count; i++) {
      const last = i === count - 1;
      const at = AT + i * 0x1000;
      memory.ccws(at, last ? [{}] : [{ command: TIC, address: at + 0x1000 }]);
    }
    expect(await outcome(() => memory.copy(AT))).toBe(code ?? 'ok');
  });

  test.each<[string, number, ErrnoCode]>([
    ['where nothing is', 0x4_0000, 'EFAULT'],
    ['past 31 bits', 0x8000_0000, 'EINVAL'],
  ])('a TIC to a place %s is refused', (_what, address, code) => {
    const memory = new SparseMemory().ccws(AT, [{ command: TIC, address }]);
    expect(() => memory.copy(AT)).toThrow(errno(code));
  });
});

describe('the end of memory', () => {
  test('a program that fits in the last page is copied', () => {
    const at = AT + 0x1000 - 24;
    const bytes = new Uint8Array(0x1000);
    const memory = new SparseMemory().add(AT, bytes);
    bytes.set([3, CC, 0, 0, 0, 0, 0, 0, 3, CC, 0, 0, 0, 0, 0, 0, 3], 0x1000 - 24);
    expect(segmentOf(memory.copy(at))).toEqual([at, at + 8, at + 16]);
  });

  test('a program that goes on where nothing is gets the error of that memory', () => {
    const at = AT + 0x1000 - 8;
    const bytes = new Uint8Array(0x1000);
    bytes.set([3, CC], 0x1000 - 8);
    expect(() => new SparseMemory().add(AT, bytes).copy(at)).toThrow(errno('EFAULT'));
  });

  test.each<[number, ErrnoCode]>([
    [0x7fff_fff8, 'EFAULT'],
    [0x8000_0000, 'EINVAL'],
    [0xffff_fff8, 'EINVAL'],
  ])('a program at %i, where nothing is, is %s', (at, code) => {
    expect(() => new SparseMemory().copy(at)).toThrow(errno(code));
  });

  test('a program at the last 31-bit address is copied, and no byte behind it is asked for', () => {
    const page = 0x7fff_f000;
    const bytes = new Uint8Array(0x1000);
    bytes[0xff8] = 3;
    const memory = new SparseMemory().add(page, bytes);
    expect(memory.copy(0x7fff_fff8).address).toBe(0x7fff_fff8);
    expect(memory.reads).toEqual([{ iova: 0x7fff_fff8, length: 8 }]);
  });
});

describe('data', () => {
  const ram = new Uint8Array(0x2_0000);
  const piecesOf = (ccw: Partial<Ccw>, control = ORB_FORMAT_CONTROL): readonly DataPiece[] =>
    new SparseMemory().ccws(AT, [ccw]).add(DATA, ram).copy(AT, control).data;

  test('at an address is one piece', () => {
    expect(piecesOf({ command: 2, count: 0x3000, address: DATA + 0x123 })).toEqual([
      { iova: DATA + 0x123, length: 0x3000 },
    ]);
  });

  test('of no bytes is none', () => {
    expect(piecesOf({ command: 2, count: 0, address: DATA })).toEqual([]);
  });

  test('past 31 bits is nowhere', () => {
    const memory = new SparseMemory().add(0x7fff_f000, new Uint8Array(0x1000));
    memory.ccws(AT, [{ command: 2, count: 0x20, address: 0x7fff_fff0 }]);
    expect(memory.copy(AT).data).toEqual([
      { iova: 0x7fff_fff0, length: 0x10 },
      { iova: NOWHERE, length: 0x10 },
    ]);
  });

  test('at an address with bit 0 is nowhere', () => {
    expect(piecesOf({ command: 2, count: 8, address: 0x8000_0000 })).toEqual([
      { iova: NOWHERE, length: 8 },
    ]);
  });

  test('past 24 bits of format 0 is nowhere', () => {
    const memory = new SparseMemory().add(0xff_f000, new Uint8Array(0x1000));
    memory.ccws0(AT, [{ command: 2, count: 0x20, address: 0xff_fff0 }]);
    expect(memory.copy(AT, 0).data).toEqual([
      { iova: 0xff_fff0, length: 0x10 },
      { iova: NOWHERE, length: 0x10 },
    ]);
  });

  test('by MIDAWs is nowhere: they are not supported', () => {
    const ccw = { command: 2, flags: CCW_FLAG_MIDA, count: 8, address: DATA };
    expect(piecesOf(ccw)).toEqual([{ iova: NOWHERE, length: 8 }]);
  });

  test('that is nowhere mapped fails the start', () => {
    const memory = new SparseMemory().ccws(AT, [{ command: 2, count: 8, address: 0x40_0000 }]);
    expect(() => memory.copy(AT)).toThrow(errno('EFAULT'));
  });

  describe('by IDAWs', () => {
    const LIST = 0x4_0000;
    const withList = (idaws: readonly number[], format: IdawFormat): SparseMemory =>
      new SparseMemory().add(DATA, ram).add(LIST, encodeIdaws(idaws, format));
    const read = (count: number): Partial<Ccw>[] => [
      { command: 2, flags: CCW_FLAG_IDA, count, address: LIST },
    ];
    const C64 = ORB_FORMAT_CONTROL | ORB_FORMAT_2_IDAW_CONTROL;

    test.each<[string, number, IdawFormat, readonly number[], number, readonly DataPiece[]]>([
      [
        'format 1, 2 KiB blocks',
        ORB_FORMAT_CONTROL,
        IDAW_FORMAT_1,
        [DATA + 0x1000, DATA],
        0x900,
        [
          { iova: DATA + 0x1000, length: 0x800 },
          { iova: DATA, length: 0x100 },
        ],
      ],
      [
        'format 2, 4 KiB blocks',
        C64,
        IDAW_FORMAT_2,
        [DATA + 0x3000, DATA + 0x1000],
        0x1800,
        [
          { iova: DATA + 0x3000, length: 0x1000 },
          { iova: DATA + 0x1000, length: 0x800 },
        ],
      ],
      [
        'format 2, 2 KiB blocks',
        C64 | ORB_2K_IDAW_CONTROL,
        IDAW_FORMAT_2,
        [DATA + 0x800, DATA],
        0x1000,
        [
          { iova: DATA + 0x800, length: 0x800 },
          { iova: DATA, length: 0x800 },
        ],
      ],
      [
        'format 2, the first not from the start of its block',
        C64,
        IDAW_FORMAT_2,
        [DATA + 0xff0, DATA + 0x2000],
        0x20,
        [
          { iova: DATA + 0xff0, length: 0x10 },
          { iova: DATA + 0x2000, length: 0x10 },
        ],
      ],
      [
        'format 2, the second not at the start of its block',
        C64,
        IDAW_FORMAT_2,
        [DATA, DATA + 0x2008, DATA + 0x4000],
        0x3000,
        [
          { iova: DATA, length: 0x1000 },
          { iova: NOWHERE, length: 0x2000 },
        ],
      ],
      [
        'format 2, blocks that adjoin: they are one piece',
        C64,
        IDAW_FORMAT_2,
        [DATA + 0xff0, DATA + 0x1000, DATA + 0x2000, DATA + 0x4000],
        0x2020,
        [
          { iova: DATA + 0xff0, length: 0x2010 },
          { iova: DATA + 0x4000, length: 0x10 },
        ],
      ],
      [
        'format 1, with bit 0',
        ORB_FORMAT_CONTROL,
        IDAW_FORMAT_1,
        [0x8000_0000],
        8,
        [{ iova: NOWHERE, length: 8 }],
      ],
    ])('of %s', (_what, control, format, idaws, count, pieces) => {
      expect(withList(idaws, format).ccws(AT, read(count)).copy(AT, control).data).toEqual(pieces);
    });

    test('reads as many words as the data needs, and no more', () => {
      const memory = withList([DATA + 0xfff, DATA + 0x1000], IDAW_FORMAT_2).ccws(AT, read(2));
      memory.copy(AT, C64);
      expect(memory.reads.slice(1)).toEqual([
        { iova: LIST, length: 8 },
        { iova: LIST, length: 16 },
      ]);
    });

    test('more pieces than a program can have are ENOMEM', () => {
      const scattered = Array.from({ length: 32 }, (_, i) => DATA + 0x1000 * (i % 2));
      const memory = withList(scattered, IDAW_FORMAT_1);
      const many = { command: 2, flags: CCW_FLAG_IDA | CC, count: 0xffff, address: LIST };
      const segments = DATA_PIECES_MAX / 32 / 255 + 1;
      for (let i = 0; i < segments; i++) {
        const at = AT + 0x10_0000 + i * 0x1000;
        memory.ccws(at, [
          ...Array.from({ length: 255 }, () => many),
          { command: TIC, address: at + 0x1000 },
        ]);
      }
      expect(() => memory.copy(AT + 0x10_0000)).toThrow(errno('EFAULT'));
      memory.ccws(AT + 0x10_0000 + Math.ceil(segments) * 0x1000, [{}]);
      expect(() => memory.copy(AT + 0x10_0000)).toThrow(errno('ENOMEM'));
    });

    test('is looked at even where no data moves', () => {
      const nop = { command: 3, flags: CCW_FLAG_IDA, count: 0, address: 0x40_0000 };
      expect(() => new SparseMemory().ccws(AT, [nop]).copy(AT, C64)).toThrow(errno('EFAULT'));
    });

    test('an address that no number holds is nowhere', () => {
      const memory = new SparseMemory().add(LIST, new Uint8Array(8).fill(0xff)).ccws(AT, read(8));
      expect(memory.copy(AT, C64).data).toEqual([{ iova: NOWHERE, length: 8 }]);
    });
  });
});

describe('pins', () => {
  test.each<[string, Partial<Ccw>[], number]>([
    ['a read', [{ command: 2, count: 8 }], 1],
    ['a write', [{ command: 1, count: 8 }], 1],
    ['a control command', [{ command: 7, count: 8 }], 1],
    ['a no-operation', [{ command: 3, count: 8 }], 0],
    ['a count of 0', [{ command: 2, count: 0 }], 0],
    ['a read that skips', [{ command: 2, count: 8, flags: CCW_FLAG_SKIP }], 0],
    ['a read backward that skips', [{ command: 0x0c, count: 8, flags: CCW_FLAG_SKIP }], 0],
    ['a sense that skips', [{ command: 4, count: 8, flags: CCW_FLAG_SKIP }], 0],
    ['a write that skips, which is ignored', [{ command: 1, count: 8, flags: CCW_FLAG_SKIP }], 1],
    [
      'data chaining, whatever the command byte says',
      [
        { command: 2, count: 8, flags: CCW_FLAG_CD },
        { command: 3, count: 8 },
      ],
      2,
    ],
  ])('of %s', (_what, ccws, pins) => {
    const memory = new SparseMemory().add(DATA, new Uint8Array(0x1000));
    memory.ccws(
      AT,
      ccws.map((ccw) => ({ ...ccw, address: DATA })),
    );
    memory.copy(AT);
    expect(memory.pins.length).toBe(pins);
  });

  test('of a MIDAW list are none', () => {
    const ccw = { command: 2, count: 8, address: DATA, flags: CCW_FLAG_MIDA };
    const memory = new SparseMemory().ccws(AT, [ccw]);
    memory.copy(AT);
    expect(memory.pins).toEqual([]);
  });
});
