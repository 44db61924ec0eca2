import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AP_ERROR } from '../../src/soft/error-reply.ts';
import { operandError } from '../../src/soft/operands.ts';
import { toOctets } from '../../src/soft/octets.ts';

const SIZE = 128;

/** Odd factors of any length, those of real keys among them. */
const factor = fc
  .oneof(
    fc.bigInt(0n, 2n ** 1024n - 1n),
    fc.bigInt(0n, 0xffffn),
    fc.bigInt(2n ** 1023n, 2n ** 1024n - 1n),
  )
  .map((value) => value | 1n);

function crtError(input: bigint, p: bigint, q: bigint): number | undefined {
  const none = new Uint8Array(SIZE);
  const key = { p: toOctets(p, SIZE), q: toOctets(q, SIZE), dp: none, dq: none, u: none };
  return operandError({ kind: 'crt', input: toOctets(input, SIZE * 2), key });
}

describe('the input of a CRT operation', () => {
  test('is any number less than the modulus, wherever they begin to differ', () => {
    const distance = fc.oneof(fc.bigInt(-2n, 2n), fc.bigInt(-(2n ** 2048n), 2n ** 2048n));
    fc.assert(
      fc.property(factor, factor, distance, fc.nat(2048), (p, q, off, shift) => {
        const modulus = p * q;
        const input = modulus + (off >> BigInt(shift));
        fc.pre(input >= 0n && input < 2n ** 2048n);
        const expected = input < modulus ? undefined : AP_ERROR.OPERAND_INVALID;
        expect(crtError(input, p, q)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['0', 0n, undefined],
    ['one less than the modulus', 14n, undefined],
    ['the modulus', 15n, AP_ERROR.OPERAND_INVALID],
    ['one more', 16n, AP_ERROR.OPERAND_INVALID],
  ])('%s', (_name, input, error) => {
    expect(crtError(input, 3n, 5n)).toBe(error);
  });
});
