import { expect, test } from 'vitest';
import { decodeEbcdic, encodeEbcdic, type EbcdicCodePage } from '../../src/architecture/index.ts';

test('a volume label as the tools of a host write it', () => {
  const label = Uint8Array.fromHex('e5d6d3f1d3d5e7f0f0f1');
  expect(decodeEbcdic(label)).toBe('VOL1LNX001');
  expect(encodeEbcdic('VOL1LNX001')).toEqual(label);
});

test.each<EbcdicCodePage>(['037', '1047'])('code page %s is a bijection', (codePage) => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const text = decodeEbcdic(all, codePage);
  expect(new Set(text).size).toBe(256);
  expect(encodeEbcdic(text, { codePage })).toEqual(all);
});

test.each([
  ['[', '037', 0xba],
  ['[', '1047', 0xad],
  ['^', '037', 0xb0],
  ['^', '1047', 0x5f],
] as const)('%s of code page %s is %i', (character, codePage, code) => {
  expect(encodeEbcdic(character, { codePage })).toEqual(Uint8Array.of(code));
});

test('a text is filled with blanks, or cut', () => {
  expect(encodeEbcdic('A', { length: 3 })).toEqual(Uint8Array.of(0xc1, 0x40, 0x40));
  expect(encodeEbcdic('ABC', { length: 2 })).toEqual(Uint8Array.of(0xc1, 0xc2));
});

test('a character that EBCDIC does not have becomes SUB', () => {
  expect(encodeEbcdic('☃')).toEqual(Uint8Array.of(0x3f));
});
