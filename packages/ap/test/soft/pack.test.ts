import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jobOf, numbersOf, pack, packedSize, unpack } from '../../src/soft/pack.ts';

test('lists of numbers come out as they went in', () => {
  const lists = fc.array(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 7 }));
  fc.assert(
    fc.property(lists, (numbers) => {
      const memory = new ArrayBuffer(Math.ceil(packedSize(numbers) / 4) * 4);
      pack(numbers, memory);
      expect(unpack(memory)).toEqual(numbers);
    }),
  );
});

const number = (value: number): Uint8Array => Uint8Array.of(value);
const key = { p: number(2), q: number(3), dp: number(4), dq: number(5), u: number(6) };

test.each([
  { kind: 'modexpo', base: number(1), exponent: number(2), modulus: number(3) } as const,
  { kind: 'crt', input: number(1), key } as const,
])('the numbers of a job of the kind $kind make the same job', (job) => {
  expect(jobOf(numbersOf(job))).toEqual(job);
});

test.each([0, 2, 4, 5])('%i numbers are of no job', (count) => {
  expect(() => jobOf(Array(count).fill(number(1)))).toThrow(RangeError);
});
