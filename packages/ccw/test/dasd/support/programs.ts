// Random chains: most of them valid, some of them nearly.

import fc from 'fast-check';
import { get, put, tic } from './channel.ts';
import type { TestCcw } from './channel.ts';
import { pattern } from './volume.ts';

/** Tracks that random chains use, so that they meet what earlier ones have written. */
export const RANDOM_TRACKS = { cylinder: 8, heads: 15, used: 4 } as const;

function word(value: number): number[] {
  return [value >> 8, value & 0xff];
}

function bytes(...parts: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flat());
}

/** CC HH of one of the used tracks: the last ones of a cylinder, the first ones of the next. */
const place: fc.Arbitrary<number[]> = fc
  .integer({ min: 0, max: RANDOM_TRACKS.used - 1 })
  .map((offset) => {
    const head = RANDOM_TRACKS.heads - 2 + offset;
    const cylinder = RANDOM_TRACKS.cylinder + Math.floor(head / RANDOM_TRACKS.heads);
    return [...word(cylinder), ...word(head % RANDOM_TRACKS.heads)];
  });

const recordNumber = fc.integer({ min: 0, max: 6 });
const identifier = fc.tuple(place, recordNumber).map(([cchh, number]) => [...cchh, number]);

const keyLength = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 }));
const dataLength = fc.oneof(fc.constantFrom(8, 100, 100, 100, 0), fc.integer({ min: 1, max: 300 }));

const READ_CODES = [0x06, 0x86, 0x0e, 0x8e, 0x12, 0x92, 0x1e, 0x9e, 0x16, 0x96, 0x1a, 0x9a];
const reading = fc
  .tuple(fc.constantFrom(...READ_CODES), fc.constantFrom(5, 8, 100, 120, 400))
  .map(([code, count]) => get(code, count));

const UPDATE_CODES = [0x05, 0x85, 0x0d, 0x8d];
const updating = fc
  .tuple(fc.constantFrom(...UPDATE_CODES), fc.constantFrom(8, 50, 100, 112, 300), fc.nat(255))
  .map(([code, count, seed]) => put(code, pattern(count, seed)));

/** Write R0 is for the start of a track only. */
const FORMAT_CODES = [0x1d, 0x1d, 0x1d, 0x9d, 0x11];

function formattingBy(...codes: readonly number[]): fc.Arbitrary<TestCcw> {
  return fc
    .tuple(fc.constantFrom(...codes), identifier, keyLength, dataLength, fc.nat(300))
    .map(([code, id, key, data, extra]) => {
      const contents = pattern(Math.min(extra, key + data + 4), extra);
      return put(code, bytes(id, [key], word(data), [...contents]));
    });
}

const formatting = formattingBy(...FORMAT_CODES);

const anyTransfer = fc.oneof(reading, reading, updating, formatting);

/** Commands that may be wrong in a domain, where both sides see it. */
const maybeWrong = fc.oneof(
  reading,
  formatting,
  updating.filter(({ code }) => (code & 0x80) !== 0),
);

/** Searches by the offset of their own loop. */
type Piece = (at: number) => readonly TestCcw[];

const searching: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(0x31, 0x31, 0xb1, 0x51, 0x71), identifier)
  .map(([code, id]) => (at) => [put(code, bytes(id)), tic(at)]);

const searchingKey: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(0x29, 0xa9, 0x49, 0x69), fc.nat(255), fc.integer({ min: 1, max: 12 }))
  .map(([code, seed, length]) => (at) => [put(code, pattern(length, seed)), tic(at)]);

const searchingHome: fc.Arbitrary<Piece> = place.map((cchh) => (at) => [
  put(0x39, bytes(cchh)),
  tic(at + 2),
]);

const moving: fc.Arbitrary<Piece> = place.map((cchh) => () => [put(0x07, bytes([0, 0], cchh))]);

const transferring: fc.Arbitrary<Piece> = anyTransfer.map((ccw) => () => [ccw]);

function join(first: readonly TestCcw[], pieces: readonly Piece[]): TestCcw[] {
  const chain = [...first];
  for (const piece of pieces) chain.push(...piece(chain.length));
  // A transfer in channel needs a command behind it.
  return chain.at(-1)?.target === undefined ? chain : [...chain, get(0x03, 1)];
}

/** All of them let some write. */
const MASKS = [0x00, 0x80, 0xc0, 0xc0, 0xc0, 0xd8];

/** A chain without Define Extent. */
export const classicChain: fc.Arbitrary<TestCcw[]> = fc
  .tuple(
    fc.constantFrom(...MASKS),
    place,
    fc.array(fc.oneof(searching, searchingKey, searchingHome, moving, transferring, transferring), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  .map(([mask, cchh, pieces]) =>
    join([put(0x1f, bytes([mask & 0xc0])), put(0x07, bytes([0, 0], cchh))], pieces),
  );

/** Operations, each with the codes that go with it. */
const OPERATIONS: readonly (readonly [number, fc.Arbitrary<TestCcw>])[] = [
  [0x06, reading],
  [0x46, reading],
  [0x86, reading],
  [0x16, reading],
  [0x56, reading],
  [0x96, reading],
  [0xd6, reading],
  [0x01, updating],
  [0x81, updating],
  [0x03, formatting],
  [0x43, formatting],
  [0xc3, formatting],
  [0x0b, formatting],
  [0x0b, updating],
  [0x0c, fc.constant(get(0xde, 20_000))],
  [0x4c, fc.constant(get(0xde, 20_000))],
];

const domain: fc.Arbitrary<TestCcw[]> = fc
  .tuple(
    fc.constantFrom(...OPERATIONS),
    identifier,
    fc.constantFrom(0, 0, 8, 100, 100, 112),
    formattingBy(0x15),
  )
  .chain(([[operation, transfers], id, length, r0]) =>
    fc
      .tuple(
        fc.array(
          fc.oneof({ weight: 9, arbitrary: transfers }, { weight: 1, arbitrary: maybeWrong }),
          {
            minLength: 1,
            maxLength: 6,
          },
        ),
        fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1),
      )
      .map(([others, wrong]) => {
        // At the home address or the index a format write begins with R0.
        const isAtStart = operation === 0x43 || operation === 0xc3;
        const commands = isAtStart ? [r0, ...others] : others;
        // Read track reads from the index only behind a home address.
        const isTracks = (operation & 0x3f) === 0x0c;
        const orientation = isTracks ? 0x4c : operation;
        const count = Math.max(1, commands.length + wrong);
        const auxiliary = length === 0 ? 0 : 0x80;
        const head = [orientation, auxiliary, 0, count];
        const parameters = bytes(head, id.slice(0, 4), id, [0xff], word(length));
        return [put(0x47, parameters), ...commands];
      }),
  );

const extent: fc.Arbitrary<TestCcw> = fc
  .tuple(fc.constantFrom(...MASKS), fc.constantFrom(0xc0, 0xe0), fc.option(fc.tuple(place, place)))
  .map(([mask, attributes, limits]) => {
    const whole = [...word(0), ...word(0), ...word(9), ...word(14)];
    const [from, to] = limits ?? [whole.slice(0, 4), whole.slice(4)];
    return put(0x63, bytes([mask, attributes, 0, 0, 0, 0, 0, 0], from, to));
  });

/** A chain with Define Extent and some domains. */
export const extendedChain: fc.Arbitrary<TestCcw[]> = fc
  .tuple(extent, fc.array(domain, { minLength: 1, maxLength: 3 }))
  .map(([first, domains]) => [first, ...domains.flat()]);

/** Any of them. */
export const anyChain: fc.Arbitrary<TestCcw[]> = fc.oneof(
  classicChain,
  extendedChain,
  extendedChain,
);
