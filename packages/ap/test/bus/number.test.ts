import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseNumber, scanDecimal, scanInteger } from '../../src/bus/number.ts';
import { parseBool } from '../../src/bus/switch.ts';
import { errno } from './support.ts';

describe('a text that is one number', () => {
  test.each([
    ['5', 5],
    ['0x5', 5],
    ['0X5', 5],
    ['0xaB', 0xab],
    ['05', 5],
    ['017', 15],
    ['0', 0],
    ['00', 0],
    ['+5', 5],
    ['+0x5', 5],
    ['5\n', 5],
    ['256', 256],
    ['18446744073709551615', 2 ** 64],
  ])('%j is %d', (text, value) => {
    expect(parseNumber('test', text)).toBe(value);
  });

  test.each([
    '',
    '\n',
    '+',
    '-1',
    '-0',
    '+-1',
    '++1',
    ' 5',
    '5 ',
    '5\n\n',
    '\n5',
    '5x',
    '0x',
    '0xg',
    '08',
    '0o7',
    'five',
    '5,6',
    '1e3',
    '5.0',
    '٥',
  ])('%j is EINVAL', (text) => {
    expect(() => parseNumber('test', text)).toThrow(errno('EINVAL'));
  });

  test.each(['18446744073709551616', '0x10000000000000000', '99999999999999999999 and more'])(
    '%j is ERANGE',
    (text) => {
      expect(() => parseNumber('test', text)).toThrow(errno('ERANGE'));
    },
  );

  test('is the same number in each base', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom('', '\n'), (n, end) => {
        for (const text of [`${n}`, `0x${n.toString(16)}`, `0${n.toString(8)}`]) {
          expect(parseNumber('test', text + end)).toBe(n);
        }
      }),
    );
  });
});

test.each([
  ['5', 5],
  ['  -7 of them', -7],
  ['+30\n', 30],
  ['010', 10],
])('a text that starts with a decimal number: %j is %d', (text, value) => {
  expect(scanDecimal('test', text)).toBe(value);
});

test.each([
  ['010', 8],
  [' 0x10', 16],
  ['-3', -3],
])('a text that starts with a number of any base: %j is %d', (text, value) => {
  expect(scanInteger('test', text)).toBe(value);
});

test.each(['', 'x', '- 5'])('a text that starts with no number, %j, is EINVAL', (text) => {
  expect(() => scanDecimal('test', text)).toThrow(errno('EINVAL'));
  expect(() => scanInteger('test', text)).toThrow(errno('EINVAL'));
});

test.each([
  ['y', true],
  ['Yes', true],
  ['1\n', true],
  ['on', true],
  ['n', false],
  ['0', false],
  ['off', false],
  ['False', false],
])('%j is the boolean %s', (text, value) => {
  expect(parseBool('test', text)).toBe(value);
});

test.each(['', 'o', '2', ' 1'])('%j is no boolean: EINVAL', (text) => {
  expect(() => parseBool('test', text)).toThrow(errno('EINVAL'));
});
