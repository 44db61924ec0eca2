import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pieceSize } from '../../src/device/regions.ts';
import { GVT_V5_8, IntelGvt } from '../../src/index.ts';
import { FakeGpu, type Access } from './fake-gpu.ts';
import { addVgpu, errno, makeVgpu, MB, outcome, read, testCore } from './support.ts';

const BAR0 = 0;
const BAR2 = 2;
const GTT = 8 * MB;

/** What the fake GPU has at an offset of BAR 0. */
function fakeByte(at: number): number {
  return at < 2 * MB || at >= GTT ? at & 0xff : 0;
}

describe('what there is', () => {
  test.each([
    ['BAR 0', 0, 16 * MB, 7 | 8],
    ['BAR 1', 1, 0, 0],
    ['BAR 2', 2, 256 * MB, 3],
    ['BAR 3', 3, 0, 0],
    ['BAR 4', 4, 0, 0],
    ['BAR 5', 5, 0, 0],
    ['ROM', 6, 2048, 1],
    ['configuration space', 7, 4096, 3],
    ['VGA', 8, 0, 0],
    ['OpRegion', 9, 8192, 1 | 8],
    ['EDID', 10, 4096, 3 | 8],
    ['picture', 11, 36 * MB, 7],
  ])('%s', async (_, index, size, flags) => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(file.getRegionInfo(index)).toMatchObject({ size, flags });
  });

  test('twelve regions and five interrupts', async () => {
    await using made = makeVgpu();
    expect(made.open().file.getInfo()).toMatchObject({ numRegions: 12, numIrqs: 5 });
  });

  test.each([
    ['OpRegion', 9, 0x8000_8086, 1],
    ['EDID', 10, 1, 1],
  ])('%s says what it is', async (_, index, type, subtype) => {
    await using made = makeVgpu();
    const { caps } = made.open().file.getRegionInfo(index, 1024);
    const words = new Uint32Array(caps.slice().buffer);
    expect([(words[0] ?? 0) & 0xffff, words[2], words[3]]).toEqual([2, type, subtype]);
  });
});

describe('an access of BAR 0', () => {
  const TABLE: readonly (readonly [string, number, number, readonly Access[]])[] = [
    ['of a register', 0x2030, 4, [['readRegister', 0x2030, 4]]],
    ['of a byte', 0x2033, 1, [['readRegister', 0x2033, 1]]],
    ['of a half', 0x2032, 2, [['readRegister', 0x2032, 2]]],
    [
      'of 8 bytes of registers',
      0x7_8000,
      8,
      [
        ['readRegister', 0x7_8000, 4],
        ['readRegister', 0x7_8004, 4],
      ],
    ],
    [
      'that is not aligned',
      0x2031,
      6,
      [
        ['readRegister', 0x2031, 1],
        ['readRegister', 0x2032, 2],
        ['readRegister', 0x2034, 2],
        ['readRegister', 0x2036, 1],
      ],
    ],
    ['of an entry', GTT + 0x808, 8, [['readGtt', 0x808, 8]]],
    ['of half an entry', GTT + 0x80c, 4, [['readGtt', 0x80c, 4]]],
    [
      'of three halves of entries',
      GTT + 0x804,
      12,
      [
        ['readGtt', 0x804, 4],
        ['readGtt', 0x808, 8],
      ],
    ],
    ['of the last entry', 16 * MB - 8, 8, [['readGtt', 8 * MB - 8, 8]]],
    ['between registers and table', 2 * MB, 4, []],
    ['from the registers on', 2 * MB - 4, 8, [['readRegister', 2 * MB - 4, 4]]],
    ['up to the table', GTT - 4, 12, [['readGtt', 0, 8]]],
  ];

  test.each(TABLE)('%s is read in aligned pieces', async (_, offset, length, pieces) => {
    await using made = makeVgpu();
    const bytes = read(made.open().file, BAR0, offset, length);
    expect(made.fake.accesses).toEqual(pieces);
    expect([...bytes]).toEqual(Array.from({ length }, (__, i) => fakeByte(offset + i)));
  });

  test.each(TABLE)('%s is written in aligned pieces', async (_, offset, length, pieces) => {
    await using made = makeVgpu();
    made.open().file.write(BAR0, offset, new Uint8Array(length));
    expect(made.fake.accesses).toEqual(
      pieces.map(([what, at, size]) => [what.replace('read', 'write'), at, size]),
    );
  });

  test('pieces are aligned, cover the access, and are of 8 bytes in the table only', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 16 * MB - 64 }),
        fc.integer({ min: 1, max: 64 }),
        (from, length) => {
          let at = from;
          while (at < from + length) {
            const size = pieceSize(at, from + length - at);
            expect([1, 2, 4, 8]).toContain(size);
            expect(at % size).toBe(0);
            expect(size < 8 || at >= GTT).toBe(true);
            at += size;
          }
          expect(at).toBe(from + length);
        },
      ),
    );
  });
});

describe('BAR 2', () => {
  test.each([
    ['the first byte of the share', 128 * MB, 1],
    ['the last byte', 192 * MB - 1, 1],
    ['a page across the window of the guest', 130 * MB - 8, 16],
    ['the last page', 192 * MB - 4096, 4096],
  ])('%s is graphics memory', async (_, offset, length) => {
    await using made = makeVgpu();
    const { file } = made.open();
    read(file, BAR2, offset, length);
    file.write(BAR2, offset, new Uint8Array(length));
    expect(made.fake.accesses).toEqual([
      ['readAperture', offset, length],
      ['writeAperture', offset, length],
    ]);
  });

  test.each([
    ['the host has the first part', 0, 4],
    ['the byte before the share', 128 * MB - 1, 1],
    ['from before the share', 128 * MB - 4, 8],
    ['the byte behind the share', 192 * MB, 1],
    ['out of the share', 192 * MB - 4, 8],
    ['the last byte of the aperture', 256 * MB - 1, 1],
  ])('%s: EINVAL, and nothing is accessed', async (_, offset, length) => {
    await using made = makeVgpu();
    const { file } = made.open();
    const bytes = new Uint8Array(length).fill(0xcc);
    expect(() => file.read(BAR2, offset, bytes)).toThrow(errno('EINVAL'));
    expect(() => file.write(BAR2, offset, bytes)).toThrow(errno('EINVAL'));
    expect(bytes).toEqual(new Uint8Array(length).fill(0xcc));
    expect(made.fake.accesses).toEqual([]);
  });

  test('of two vGPUs no access reaches the other', async () => {
    const host = testCore();
    const gpu = new FakeGpu();
    const gvt = new IntelGvt(gpu);
    await using one = addVgpu(host, gvt, gpu, GVT_V5_8);
    await using two = addVgpu(host, gvt, gpu, GVT_V5_8);
    const files = [one.open().file, two.open().file] as const;
    const shares = [one.fake.share.aperture, two.fake.share.aperture] as const;
    fc.assert(
      fc.property(
        fc.nat({ max: 256 * MB - 1 }),
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom(0, 1),
        (offset, length, which) => {
          const file = files[which] ?? files[0];
          const { base, size } = shares[which] ?? shares[0];
          const isOwn = offset >= base && offset + length <= base + size;
          for (const fake of gpu.made) fake.accesses.length = 0;
          const result = outcome(() => file.read(BAR2, offset, new Uint8Array(length)));
          expect(result).toBe(isOwn ? 'ok' : 'EINVAL');
          expect(gpu.made.map(({ accesses }) => accesses.length)).toEqual(
            isOwn ? [1 - which, which] : [0, 0],
          );
        },
      ),
    );
  });
});
