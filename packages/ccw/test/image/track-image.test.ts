import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  buildTrack,
  cylinderOf,
  dataOf,
  emptyTrack,
  headOf,
  homeAddressOf,
  keyOf,
  measureTrack,
  packCchh,
  recordAt,
  records,
} from '../../src/dasd/track-image.ts';

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

const anyRecord = fc.record({
  cchh: fc.nat({ max: 0xffff_0000 }),
  number: fc.nat({ max: 255 }),
  key: bytes(255),
  data: bytes(2000),
});

test('records are found again as they were built', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 12 }), (contents) => {
      const image = buildTrack(0x0001_0002, contents);
      const found = [...records(image)].map((record) => ({
        cchh: record.cchh,
        number: record.number,
        key: keyOf(image, record),
        data: dataOf(image, record),
      }));
      expect(found).toEqual(contents);
      expect(measureTrack(image, 0x0001_0002, image.length)).toBe(image.length);
    }),
  );
});

test('what is behind the end mark does not count', () => {
  const image = emptyTrack(7);
  const longer = new Uint8Array(image.length + 100).fill(1);
  longer.set(image);
  expect(measureTrack(longer, 7, longer.length)).toBe(image.length);
});

test.each([
  [0, 0, 0],
  [1, 2, 0x0001_0002],
  [65_535, 14, 0xffff_000e],
  [65_536, 3, 0x0000_0013],
  [0x123_4567, 5, 0x4567_1235],
])('cylinder %i head %i is CC HH %i', (cylinder, head, cchh) => {
  expect(packCchh(cylinder, head)).toBe(cchh);
  expect([cylinderOf(cchh), headOf(cchh)]).toEqual([cylinder, head]);
});

test('count fields have the address of their track where none is given', () => {
  const image = emptyTrack(0xffff_000e);
  expect(homeAddressOf(image)).toBe(0xffff_000e);
  expect(recordAt(image, 5)?.cchh).toBe(0xffff_000e);
});

const sound = emptyTrack(5);

test.each([
  ['short', sound.subarray(0, 12), /too short/v],
  ['of another track', emptyTrack(6), /home address is 0x00000006/v],
  ['flagged', Uint8Array.from(sound, (byte, at) => (at === 0 ? 2 : byte)), /flag 0x2/v],
  ['without end mark', sound.subarray(0, sound.length - 1), /no end mark/v],
  [
    'with a record that is too long',
    Uint8Array.from(sound, (byte, at) => (at === 11 ? 0xf0 : byte)),
    /record at 0x5 runs past/v,
  ],
])('a track %s is not sound', (_, image, fault) => {
  expect(measureTrack(image, 5, 100)).toMatch(fault);
});

test('a record that runs past the image is EIO', () => {
  const image = Uint8Array.from(sound, (byte, at) => (at === 11 ? 0xf0 : byte));
  expect(() => recordAt(image, 5)).toThrow(expect.objectContaining({ code: 'EIO' }));
});

test.each([
  ['key', { number: 1, key: new Uint8Array(256), data: new Uint8Array(0) }],
  ['data', { number: 1, data: new Uint8Array(65_536) }],
])('a %s that is too long for a count field is EINVAL', (_, record) => {
  expect(() => buildTrack(0, [record])).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('any bytes are a track or not, and nothing else happens', () => {
  fc.assert(
    fc.property(bytes(400), fc.nat({ max: 500 }), (image, limit) => {
      const length = measureTrack(image, 0, limit);
      if (typeof length !== 'number') return;
      expect(length).toBeLessThanOrEqual(Math.min(image.length, limit));
      expect([...records(image.subarray(0, length))].length).toBeGreaterThanOrEqual(0);
    }),
  );
});
