import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crt } from '../../src/soft/crt.ts';
import { modexp } from '../../src/soft/modexp.ts';
import { rsaKey } from './support/keys.ts';
import { bytesOf, crtPower, fromBytes, power } from './support/numbers.ts';

const SIZES = [512, 1024, 1536, 2048, 3072, 4096];

function calculate(base: bigint, exponent: bigint, modulus: bigint, size: number): bigint {
  const result = modexp(bytesOf(base, size), bytesOf(exponent, size), bytesOf(modulus, size));
  expect(result.length).toBe(size);
  return fromBytes(result);
}

describe.each(SIZES)('a modulus of %i bits', (bits) => {
  const { n, d, size } = rsaKey(bits);
  const exponents = { odd: d, even: d - 1n, public: 65537n, two: 2n, one: 1n, zero: 0n };

  test.each(Object.entries(exponents))('takes an exponent that is %s', (_, exponent) => {
    const base = n / 3n;
    expect(calculate(base, exponent, n, size)).toBe(power(base, exponent, n));
  });

  test.each([0n, 1n, 2n, -2n, -1n])('takes a base at the border, %i', (border) => {
    const base = (border + n) % n;
    for (const exponent of [d, d - 1n, 65537n]) {
      expect(calculate(base, exponent, n, size)).toBe(power(base, exponent, n));
    }
  });
});

test.each([1024, 4096])('an exponent of %i bits may exceed the modulus', (bits) => {
  const { n, size } = rsaKey(bits);
  const largest = (1n << BigInt(bits)) - 1n;
  for (const exponent of [n, n + 1n, largest]) {
    expect(calculate(3n, exponent, n, size)).toBe(power(3n, exponent, n));
  }
});

test('the modulus may be any odd number', () => {
  const number = fc.bigInt({ min: 0n, max: (1n << 1024n) - 1n });
  fc.assert(
    fc.property(number, number, number, fc.nat(1023), (a, exponent, b, shift) => {
      const modulus = (b >> BigInt(shift)) | 1n;
      const base = a % modulus;
      expect(calculate(base, exponent, modulus, 128)).toBe(power(base, exponent, modulus));
    }),
    { numRuns: 200 },
  );
});

test('parts of a key may be any numbers with odd p and q', () => {
  const part = fc.bigInt({ min: 0n, max: (1n << 512n) - 1n });
  fc.assert(
    fc.property(fc.tuple(part, part, part, part, part), part, ([a, b, dp, dq, u], c) => {
      const key = { p: a | 1n, q: b | 1n, dp, dq, u };
      const input = (c * c) % (key.p * key.q);
      const bytes = {
        p: bytesOf(key.p, 64),
        q: bytesOf(key.q, 64),
        dp: bytesOf(dp, 64),
        dq: bytesOf(dq, 64),
        u: bytesOf(u, 64),
      };
      expect(fromBytes(crt(bytesOf(input, 128), bytes))).toBe(crtPower(input, key));
    }),
    { numRuns: 100 },
  );
});
