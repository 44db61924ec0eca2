import { isErrno } from '@vfio-ts/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatMask, parseHexMask, parseMask } from '../../src/bus/mask-syntax.ts';
import { ApMask } from '../../src/bus/mask.ts';
import { errno } from './support.ts';

const ALL_DIGITS = 'f'.repeat(64);
const numbers = fc.uniqueArray(fc.nat({ max: 255 }), { maxLength: 256 });

describe('a mask in hexadecimal', () => {
  test.each([
    ['0x04', [5]],
    ['04', [5]],
    ['x04', [5]],
    ['0x8', [0]],
    ['8\n', [0]],
    ['0xFf', [0, 1, 2, 3, 4, 5, 6, 7]],
    [`0x${'0'.repeat(63)}1`, [255]],
    ['', []],
    ['\n', []],
    ['0x', []],
    ['0', []],
  ])('%j has the numbers %j', (text, expected) => {
    expect([...parseHexMask('test', text)]).toEqual(expected);
  });

  test.each([
    '0X04',
    '0xg',
    '04 ',
    ' 04',
    '04\n\n',
    '0x0x4',
    'xx4',
    `0x${ALL_DIGITS}0`,
    `${ALL_DIGITS}f`,
    '0x04,05',
  ])('%j is EINVAL', (text) => {
    expect(() => parseHexMask('test', text)).toThrow(errno('EINVAL'));
  });

  test('is read as it was shown', () => {
    fc.assert(
      fc.property(numbers, (list) => {
        const text = formatMask(ApMask.of(...list));
        expect(text).toMatch(/^0x[\da-f]{64}$/);
        expect([...parseHexMask('test', `${text}\n`)]).toEqual(list.toSorted((a, b) => a - b));
      }),
    );
  });

  test('is as long as it is written and zero after that', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 64 }), (list, length) => {
        const cut = formatMask(ApMask.of(...list)).slice(0, 2 + length);
        const expected = list.filter((n) => n < 4 * length).toSorted((a, b) => a - b);
        expect([...parseHexMask('test', cut)]).toEqual(expected);
      }),
    );
  });
});

describe('changes of a mask', () => {
  test.each([
    ['+5', [], [5]],
    ['-5', [4, 5, 6], [4, 6]],
    ['+0x10-0x12,-017', [15, 255], [16, 17, 18, 255]],
    ['+0-7,-3\n', [], [0, 1, 2, 4, 5, 6, 7]],
    ['-3,+0-7', [], [0, 1, 2, 3, 4, 5, 6, 7]],
    ['+1+2', [], [1, 2]],
    ['+1,,\n+2,', [], [1, 2]],
    ['+255-255', [], [255]],
    ['-0-255', [0, 128, 255], []],
    ['0x8', [5], [0]],
  ])('%j of %j gives %j', (text, before, expected) => {
    expect([...parseMask('test', text, ApMask.of(...before))]).toEqual(expected);
  });

  test.each([
    '+',
    '-',
    '+5-',
    '+5,6',
    '+256',
    '+0-256',
    '+6-5',
    '+ 5',
    '+5 ',
    '+5,-x',
    '+0x',
    '+08',
    '++5',
    '+5--6',
    '+18446744073709551621',
    ',+5',
  ])('%j is EINVAL', (text) => {
    expect(() => parseMask('test', text, ApMask.NONE)).toThrow(errno('EINVAL'));
  });

  test('happen one after the other', () => {
    const term = fc.record({
      sign: fc.constantFrom('+', '-'),
      range: fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 })),
      base: fc.constantFrom(10, 16),
      isOne: fc.boolean(),
    });
    fc.assert(
      fc.property(numbers, fc.array(term, { minLength: 1, maxLength: 8 }), (before, terms) => {
        const model = new Set(before);
        const texts = terms.map(({ sign, range, base, isOne }) => {
          const first = Math.min(...range);
          const last = isOne ? first : Math.max(...range);
          for (let n = first; n <= last; n++) {
            if (sign === '+') model.add(n);
            else model.delete(n);
          }
          const write = (n: number): string => (base === 16 ? `0x${n.toString(16)}` : `${n}`);
          return sign + write(first) + (isOne ? '' : `-${write(last)}`);
        });
        const after = parseMask('test', texts.join(','), ApMask.of(...before));
        expect([...after]).toEqual([...model].toSorted((a, b) => a - b));
      }),
    );
  });

  test('of any text give a mask or EINVAL', () => {
    const unit = fc.constantFrom('+', '-', ',', '\n', '0', '1', '9', 'a', 'x', ' ');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (garbage) => {
        expect(outcome(garbage)).toMatch(/^(?:EINVAL|0x[\da-f]{64})$/);
      }),
    );
  });
});

function outcome(text: string): string {
  try {
    return formatMask(parseMask('test', text, ApMask.NONE));
  } catch (error) {
    if (isErrno(error, 'EINVAL')) return error.code;
    throw error;
  }
}
