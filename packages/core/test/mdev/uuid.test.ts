import { describe, expect, test } from 'vitest';
import { parseUnsigned } from '../../src/mdev/unsigned.ts';
import { formatUuid, parseUuid } from '../../src/mdev/uuid.ts';
import { errno, UUID_A } from './fixture.ts';

describe('parseUuid', () => {
  test.each([
    ['36 characters', UUID_A],
    ['a final newline', `${UUID_A}\n`],
    ['upper case', UUID_A.toUpperCase()],
    ['mixed case and a newline', `83B8f4f2-509f-382f-3c1e-e6bfe0fa1001\n`],
  ])('takes %s and gives the canonical form', (_what, text) => {
    expect(parseUuid(text)).toBe(UUID_A);
  });

  test.each([
    ['nothing', ''],
    ['35 characters', UUID_A.slice(1)],
    ['37 characters without a newline', `${UUID_A}0`],
    ['38 characters', `${UUID_A}\n\n`],
    ['a leading newline', `\n${UUID_A}`],
    ['a digit that is none', `${UUID_A.slice(0, 35)}g`],
    ['a hyphen moved', '83b8f4f25-09f-382f-3c1e-e6bfe0fa1001'],
    ['no hyphens', '0'.repeat(36)],
    ['braces', `{${UUID_A.slice(2)}}`],
    ['a newline within 36 characters', `${UUID_A.slice(0, 35)}\n`],
    ['a wide digit', `${UUID_A.slice(0, 35)}\uff11`],
  ])('refuses %s with EINVAL', (_what, text) => {
    expect(() => parseUuid(text)).toThrow(errno('EINVAL'));
  });

  test('formatUuid gives lower case', () => {
    expect(formatUuid(UUID_A.toUpperCase())).toBe(UUID_A);
  });
});

describe('parseUnsigned', () => {
  test.each([
    ['0', 0n],
    ['1\n', 1n],
    ['+5', 5n],
    ['0x1F', 31n],
    ['0Xa\n', 10n],
    ['017', 15n],
    ['00', 0n],
    ['18446744073709551615', 2n ** 64n - 1n],
  ])('reads %j', (text, value) => {
    expect(parseUnsigned(text)).toBe(value);
  });

  test.each([
    '',
    '\n',
    'yes',
    '-1',
    '+',
    '++1',
    ' 1',
    '1 ',
    '1\n\n',
    '08',
    '0x',
    '0xg',
    '1.0',
    '1e3',
  ])('refuses %j with EINVAL', (text) => {
    expect(() => parseUnsigned(text)).toThrow(errno('EINVAL'));
  });

  test('refuses 65 bits with ERANGE', () => {
    expect(() => parseUnsigned('18446744073709551616')).toThrow(errno('ERANGE'));
  });
});
