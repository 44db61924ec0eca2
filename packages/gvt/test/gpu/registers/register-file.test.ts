import { isErrno } from '@vfio-ts/core';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  ENGINE_RESET_LIMIT,
  REGISTER_SPACE,
  RegisterFile,
} from '../../../src/gpu/registers/register-file.ts';
import type { Register } from '../../../src/gpu/registers/register.ts';

function fileOf(...registers: readonly Register[]): RegisterFile {
  const file = new RegisterFile();
  file.add({ name: 'test', registers });
  return file;
}

function bytesOf(file: RegisterFile, offset: number, length: number): number[] {
  const into = new Uint8Array(length);
  file.readBytes(offset, into);
  return [...into];
}

test('a register that nobody names reads as it was written, 0 at first', () => {
  const file = new RegisterFile();
  expect(file.read(0x1234)).toBe(0);
  file.write(0x1234, 0xdead_beef);
  expect(file.read(0x1234)).toBe(0xdead_beef);
});

describe('kinds', () => {
  test.each([
    ['storage', undefined, 0xffff_0000],
    ['read-only', undefined, 0x1234_5678],
    ['write-1-to-clear', undefined, 0x0000_5678],
    ['masked', undefined, 0x0000_0000],
    ['storage', 0x00ff_0000, 0xff34_0000],
    ['write-1-to-clear', 0x0f00_0000, 0x0200_5678],
  ] as const)('%s, read-only bits %s', (kind, readOnly, expected) => {
    const more = readOnly === undefined ? {} : { readOnly };
    const file = fileOf({ offset: 8, name: 'R', initial: 0x1234_5678, kind, ...more });
    file.write(8, 0xffff_0000);
    expect(file.read(8)).toBe(expected);
  });

  test('a masked write changes the chosen bits only', () => {
    const file = fileOf({ offset: 8, name: 'R', kind: 'masked', initial: 0x00f0 });
    file.write(8, 0x0011_0001);
    expect(file.read(8)).toBe(0x00e1);
  });

  test('a masked write of the lower half alone chooses nothing', () => {
    const file = fileOf({ offset: 8, name: 'R', kind: 'masked', initial: 0x00f0 });
    file.writeBytes(8, Uint8Array.of(0xff, 0xff));
    expect(file.read(8)).toBe(0x00f0);
  });

  test('a byte written to write-1-to-clear leaves the other bytes alone', () => {
    const file = fileOf({ offset: 8, name: 'R', kind: 'write-1-to-clear', initial: 0xffff_ffff });
    file.writeBytes(9, Uint8Array.of(0x0f));
    expect(file.read(8)).toBe(0xffff_f0ff);
  });
});

describe('handlers', () => {
  test('a read shows what the handler makes of what is stored', () => {
    const file = fileOf({ offset: 8, name: 'R', initial: 1, read: (stored) => stored - 2 });
    expect(file.read(8)).toBe(0xffff_ffff);
    expect(file.get(8)).toBe(1);
  });

  test('a write is told with what is stored, what was, and what was written', () => {
    const written = vi.fn<NonNullable<Register['written']>>();
    const file = fileOf({ offset: 8, name: 'R', kind: 'masked', initial: 2, written });
    file.write(8, 0x0001_0001);
    expect(written).toHaveBeenCalledExactlyOnceWith(3, file, 2, 0x0001_0001);
  });

  test('a handler may store something else', () => {
    const file = fileOf({ offset: 8, name: 'R', written: (_, all) => all.set(8, 7) });
    file.write(8, 1);
    expect(file.read(8)).toBe(7);
  });

  test('in failsafe no handler runs and everything is storage', () => {
    const written = vi.fn<() => void>();
    const file = fileOf({ offset: 8, name: 'R', kind: 'read-only', read: () => 9, written });
    file.isPlain = true;
    file.write(8, 5);
    expect(file.read(8)).toBe(5);
    expect(written).not.toHaveBeenCalled();
  });
});

describe('pieces', () => {
  test('two registers are read and written as one piece of eight bytes', () => {
    const file = fileOf({ offset: 8, name: 'R', initial: 0x0403_0201 });
    file.writeBytes(12, Uint8Array.of(5, 6, 7, 8));
    expect(bytesOf(file, 8, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('random pieces read back as from an array of bytes', () => {
    const access = fc
      .tuple(fc.constantFrom(1, 2, 4, 8), fc.nat({ max: 7 }), fc.uint8Array({ minLength: 8 }))
      .map(([length, slot, data]) => ({ at: slot * length, data: data.slice(0, length) }));
    fc.assert(
      fc.property(fc.array(access), (accesses) => {
        const file = new RegisterFile();
        const model = new Uint8Array(64);
        for (const { at, data } of accesses) {
          file.writeBytes(at, data);
          model.set(data, at);
        }
        expect(bytesOf(file, 0, 64)).toEqual([...model]);
      }),
    );
  });

  test('the last register is the last', () => {
    const file = new RegisterFile();
    file.writeBytes(REGISTER_SPACE - 4, Uint8Array.of(1, 2, 3, 4));
    expect(bytesOf(file, REGISTER_SPACE - 2, 2)).toEqual([3, 4]);
  });
});

describe('reset', () => {
  const above = ENGINE_RESET_LIMIT;

  test('of the device gives every register its first value', () => {
    const file = fileOf({ offset: 8, name: 'R', initial: 3 });
    for (const offset of [8, 12, above]) file.write(offset, 0x55);
    file.isPlain = true;
    file.reset('device');
    expect([8, 12, above].map((offset) => file.read(offset))).toEqual([3, 0, 0]);
    expect(file.isPlain).toBe(false);
  });

  test('of engines leaves alone what lies above, and what is kept', () => {
    const file = fileOf(
      { offset: 8, name: 'R', initial: 3 },
      { offset: 12, name: 'K', initial: 3, keptOver: 'engine-reset' },
      { offset: above, name: 'A', initial: 3 },
    );
    for (const offset of [8, 12, 16, above]) file.write(offset, 0x55);
    file.reset('engines');
    expect([8, 12, 16, above].map((offset) => file.read(offset))).toEqual([3, 0x55, 0, 0x55]);
  });
});

describe('tables', () => {
  test.each([
    ['not a multiple of four', 6],
    ['outside', REGISTER_SPACE],
    ['negative', -4],
  ])('an offset that is %s throws EINVAL', (_, offset) => {
    expect(() => fileOf({ offset, name: 'R' })).toThrow(/EINVAL/u);
  });

  test('a register of two families throws EEXIST with both names', () => {
    const file = fileOf({ offset: 8, name: 'ONE' });
    const add = (): void => file.add({ name: 'second', registers: [{ offset: 8, name: 'TWO' }] });
    expect(add).toThrow(/TWO at 0x8 is ONE already/u);
    expect(add).toThrow(expect.toSatisfy((error: unknown) => isErrno(error, 'EEXIST')));
  });

  test('only what says so may be written by a command', () => {
    const file = fileOf({ offset: 8, name: 'R', byCommand: true }, { offset: 12, name: 'S' });
    expect([8, 12, 16].map((offset) => file.isByCommand(offset))).toEqual([true, false, false]);
  });

  test('a register is told by its name, or its offset', () => {
    const file = fileOf({ offset: 8, name: 'R' });
    expect([file.nameOf(8), file.nameOf(0xc0de0)]).toEqual(['R', '0xc0de0']);
  });
});
