// Random chains: most of them valid, some of them nearly.

import fc from 'fast-check';
import { get, put, tic, toHex } from './channel.ts';
import type { TestCcw } from './channel.ts';
import { pattern } from './volume.ts';

/** Tracks that random chains use, so that they meet what earlier ones have written. */
export const RANDOM_TRACKS = { cylinder: 8, heads: 15, used: 4 } as const;

type Bytes = readonly number[];

function word(value: number): Bytes {
  return [value >> 8, value & 0xff];
}

function bytes(...parts: readonly Bytes[]): Uint8Array {
  return Uint8Array.from(parts.flat());
}

/** CC HH of one of the used tracks: the last ones of a cylinder, the first ones of the next. */
const place: fc.Arbitrary<Bytes> = fc
  .integer({ min: 0, max: RANDOM_TRACKS.used - 1 })
  .map((offset) => {
    const head = RANDOM_TRACKS.heads - 2 + offset;
    const cylinder = RANDOM_TRACKS.cylinder + Math.floor(head / RANDOM_TRACKS.heads);
    return word(cylinder).concat(word(head % RANDOM_TRACKS.heads));
  });

/** CC HH R, of the track the arm is on or of another one. */
type Identifier = (home: Bytes) => Bytes;

const identifier: fc.Arbitrary<Identifier> = fc
  .tuple(fc.option(place), fc.constantFrom(0, 0, 1, 1, 1, 2, 2, 3, 4, 9), fc.boolean())
  .map(
    ([other, number, isHome]) =>
      (home) =>
        (isHome || other === null ? home : other).concat(number),
  );

const keyLength = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
);
const dataLength = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(100, 100, 100, 100, 100, 100, 8, 0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }) },
);

/** A command, made for the track the arm was moved to. */
type Make = (home: Bytes) => TestCcw;

const READ_CODES = [0x06, 0x86, 0x0e, 0x8e, 0x12, 0x92, 0x1e, 0x9e, 0x16, 0x96, 0x1a, 0x9a];
const reading: fc.Arbitrary<Make> = fc
  .tuple(fc.constantFrom(...READ_CODES), fc.constantFrom(5, 8, 100, 120, 400))
  .map(
    ([code, count]) =>
      () =>
        get(code, count),
  );

function updatingBy(...codes: Bytes): fc.Arbitrary<Make> {
  return fc
    .tuple(fc.constantFrom(...codes), fc.constantFrom(8, 50, 100, 112, 300), fc.nat(255))
    .map(
      ([code, count, seed]) =>
        () =>
          put(code, pattern(count, seed)),
    );
}

function formattingBy(...codes: Bytes): fc.Arbitrary<Make> {
  return fc
    .tuple(fc.constantFrom(...codes), identifier, keyLength, dataLength, fc.nat(300))
    .map(([code, id, key, data, extra]) => (home) => {
      const contents = pattern(Math.min(extra, key + data + 4), extra);
      return put(code, bytes(id(home), [key], word(data), [...contents]));
    });
}

const updating = updatingBy(0x05, 0x85, 0x0d, 0x8d);
/** Write R0 is for the start of a track only. */
const formatting = formattingBy(0x1d, 0x1d, 0x1d, 0x9d, 0x11);
const anyTransfer = fc.oneof(reading, reading, updating, formatting);
/** Commands that may be wrong in a domain, where Hercules sees it as well. */
const maybeWrong = fc.oneof(reading, formatting, updatingBy(0x85, 0x8d));

/** Commands from an index of the chain on, which a search needs for its own loop. */
type Piece = (at: number, home: Bytes) => readonly TestCcw[];

const searching: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(0x31, 0x31, 0x31, 0xb1, 0x51, 0x71), identifier)
  .map(([code, id]) => (at, home) => [put(code, bytes(id(home))), tic(at)]);

const searchingKey: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(0x29, 0xa9, 0x49, 0x69), fc.nat(255), fc.integer({ min: 1, max: 12 }))
  .map(([code, seed, length]) => (at) => [put(code, pattern(length, seed)), tic(at)]);

const searchingHome: fc.Arbitrary<Piece> = fc
  .tuple(fc.option(place), fc.boolean())
  .map(([other, hasTic]) => (at, home) => [
    put(0x39, bytes(other ?? home)),
    hasTic ? tic(at + 2) : get(0x03, 1),
  ]);

const transferring: fc.Arbitrary<Piece> = anyTransfer.map((make) => (_at, home) => [make(home)]);

const MASKS = [0x00, 0x80, 0xc0, 0xc0, 0xc0];

/** A chain without Define Extent. */
export const classicChain: fc.Arbitrary<TestCcw[]> = fc
  .tuple(
    fc.constantFrom(...MASKS),
    place,
    fc.array(
      fc.oneof(
        { weight: 6, arbitrary: transferring },
        { weight: 3, arbitrary: searching },
        { weight: 1, arbitrary: searchingKey },
        { weight: 1, arbitrary: searchingHome },
      ),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([mask, home, pieces]) => {
    const chain = [put(0x1f, bytes([mask])), put(0x07, bytes([0, 0], home))];
    for (const piece of pieces) chain.push(...piece(chain.length, home));
    // A search that finds skips a command; a transfer in channel needs one behind it.
    return chain.concat(get(0x03, 1), get(0x03, 1));
  });

const wholeTrack: fc.Arbitrary<Make> = fc.constant(() => get(0xde, 20_000));

/** First bytes of Locate Records, each with the commands that go with it. */
const OPERATIONS: readonly (readonly [number, fc.Arbitrary<Make>])[] = [
  [0x06, reading],
  [0x06, reading],
  [0x46, reading],
  [0x86, reading],
  [0x16, reading],
  [0x56, reading],
  [0x96, reading],
  [0xd6, reading],
  [0x01, updating],
  [0x01, updatingBy(0x85)],
  [0x81, updating],
  [0x03, formatting],
  [0x03, formatting],
  [0x43, formatting],
  [0xc3, formatting],
  [0x0b, formatting],
  [0x0b, updating],
  // Only behind a home address does Hercules read a track from its index.
  [0x4c, wholeTrack],
];

/** At the home address or the index a format write begins with R0. */
const BEGINS_WITH_R0: ReadonlySet<number> = new Set([0x43, 0xc3]);

/** A track stays usable: its R0 is its own. */
const writingR0: fc.Arbitrary<Make> = fc
  .tuple(keyLength, fc.constantFrom(8, 8, 30), fc.nat(30))
  .map(([key, data, extra]) => (home) => {
    const contents = pattern(Math.min(extra, key + data), extra);
    return put(0x15, bytes(home, [0, key], word(data), [...contents]));
  });

const domain: fc.Arbitrary<TestCcw[]> = fc
  .tuple(
    fc.constantFrom(...OPERATIONS),
    place,
    identifier,
    fc.constantFrom(0, 0, 8, 100, 100, 100, 112),
    writingR0,
    fc.constantFrom(...Array<number>(12).fill(0), 1, -1),
  )
  .chain(([[operation, transfers], home, id, length, r0, wrong]) =>
    fc
      .array(fc.oneof({ weight: 29, arbitrary: transfers }, { weight: 1, arbitrary: maybeWrong }), {
        minLength: 1,
        maxLength: 6,
      })
      .map((others) => {
        const makes = (BEGINS_WITH_R0.has(operation) ? [r0] : []).concat(others);
        const count = Math.max(1, makes.length + wrong);
        const head = [operation, length === 0 ? 0 : 0x80, 0, count];
        const parameters = bytes(head, home, id(home), [0xff], word(length));
        return [put(0x47, parameters)].concat(makes.map((make) => make(home)));
      }),
  );

function inOrder(pair: readonly Bytes[]): Bytes {
  return pair.toSorted((a, b) => toHex(bytes(a)).localeCompare(toHex(bytes(b)))).flat();
}

/** The whole volume, or what is between two tracks. */
const limits: fc.Arbitrary<Bytes> = fc.oneof(
  { weight: 4, arbitrary: fc.constant([0, 0, 0, 0, 0, 9, 0, 14]) },
  { weight: 1, arbitrary: fc.tuple(place, place).map((pair) => inOrder(pair)) },
);

const extent: fc.Arbitrary<TestCcw> = fc
  .tuple(fc.constantFrom(...MASKS), fc.constantFrom(0xc0, 0xe0), limits)
  .map(([mask, attributes, between]) =>
    put(0x63, bytes([mask, attributes, 0, 0, 0, 0, 0, 0], between)),
  );

/** A chain with Define Extent and some domains. */
export const extendedChain: fc.Arbitrary<TestCcw[]> = fc
  .tuple(extent, fc.array(domain, { minLength: 1, maxLength: 3 }))
  .map(([first, domains]) => [first].concat(...domains));

/** A chain that gives a track some records, numbered from 1. */
export const formatChain: fc.Arbitrary<TestCcw[]> = fc
  .tuple(
    place,
    fc.array(fc.tuple(keyLength, dataLength, fc.nat(300)), { minLength: 1, maxLength: 6 }),
  )
  .map(([home, records]) => {
    const define = put(0x63, '00e0000000000000 00000000 0009000e');
    const locate = put(0x47, bytes([0x03, 0, 0, records.length], home, home, [0, 0xff, 0, 0]));
    const writes = records.map(([key, data, extra], index) => {
      const contents = pattern(Math.min(extra, key + data), extra);
      return put(0x1d, bytes(home, [index + 1, key], word(data), [...contents]));
    });
    return [define, locate].concat(writes);
  });

/** Any of them. */
export const anyChain: fc.Arbitrary<TestCcw[]> = fc.oneof(
  formatChain,
  formatChain,
  classicChain,
  classicChain,
  extendedChain,
  extendedChain,
  extendedChain,
);
