import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bitLength,
  compare,
  isOdd,
  isZero,
  pad,
  toBigInt,
  toOctets,
  trim,
} from '../../src/soft/octets.ts';
import { fromBytes } from './support/numbers.ts';

const bytes = fc.uint8Array({ maxLength: 40 });

test('bytes are a big-endian number, whatever zeros stand in front', () => {
  fc.assert(
    fc.property(bytes, (number) => {
      const value = fromBytes(number);
      expect(toBigInt(number)).toBe(value);
      expect(toOctets(value, number.length)).toEqual(number);
      expect(pad(trim(number), number.length)).toEqual(number);
      expect(bitLength(number)).toBe(value === 0n ? 0 : value.toString(2).length);
      expect(isOdd(number)).toBe(value % 2n === 1n);
      expect(isZero(number)).toBe(value === 0n);
    }),
  );
});

test('numbers of different sizes compare by value', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const difference = fromBytes(a) - fromBytes(b);
      const sign = difference < 0n ? -1 : Number(difference > 0n);
      expect(Math.sign(compare(a, b))).toBe(sign);
    }),
  );
});
