// What a hostile guest may do: commands with operands that nearly make sense, and what is done around them.

import fc, { type Arbitrary } from 'fast-check';
import { copy, fastCopy, fill } from '../gpu/execution/blit-guest.ts';
import { BCS, cmd, MIB, PAGE, RCS, SHARE, VCS, VECS } from '../gpu/execution/guest.ts';

/** Pages of the process: data, and batches. */
export const DATA = 0x10_0000;
export const DATA_PAGES = 8;
export const BATCHES = 0x7f_ff00_0000;
export const BATCH_PAGES = 4;
export const ENGINES: readonly number[] = [RCS, BCS, VCS, VECS];

const word = fc.oneof(
  fc.nat(0xffff_ffff),
  fc.nat(64),
  fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
);

const graphics = SHARE.unmappable.base;

/** Addresses that something is at, that something is near, and any. */
const address: Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(DATA_PAGES * PAGE).map((at) => DATA + at) },
  { weight: 2, arbitrary: fc.nat(BATCH_PAGES * PAGE).map((at) => BATCHES + at) },
  { weight: 2, arbitrary: fc.nat(64 * PAGE).map((at) => graphics + at) },
  fc.nat(2 * PAGE).map((at) => DATA + DATA_PAGES * PAGE - PAGE + at),
  fc.nat(PAGE).map((at) => SHARE.aperture.base + at),
  fc.nat(PAGE).map((at) => 2 ** 48 - PAGE + at - 1),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(Number),
);

const inWords = address.map((at) => [(at % 2 ** 32) >>> 0, Math.floor(at / 2 ** 32) >>> 0]);

const register = fc.oneof(
  fc.constantFrom(...ENGINES).chain((base) => fc.nat(0x3ff).map((at) => base + at * 4)),
  fc.constantFrom(0x941c, 0x10_0000, 0x7_8818, 0x4_4200, 0x2_2200),
  fc.nat(2 * MIB - 4),
  word,
);

/** A command with operands of the given kinds behind it. */
function command(
  header: Arbitrary<number>,
  ...operands: readonly Arbitrary<number | readonly number[]>[]
): Arbitrary<readonly number[]> {
  return fc.tuple(header, ...operands).map((parts) => parts.flat());
}

/** Header of an opcode of MI with flags that may be set, and its usual length. */
function mi(opcode: number, length: number): Arbitrary<number> {
  const usual = fc.nat(0x7fff).map((flags) => (opcode << 23) | (flags << 8) | length);
  const any = fc.nat(0x7f_ffff).map((low) => (opcode << 23) | low);
  return fc.oneof({ weight: 5, arbitrary: usual }, any).map((header) => header >>> 0);
}

const process = (opcode: number, length: number): Arbitrary<number> =>
  fc.constantFrom(0, 1 << 22).map((global) => ((opcode << 23) | global | length) >>> 0);

const coordinate = fc.oneof(
  fc.integer({ min: -16, max: 128 }),
  fc.integer({ min: -32_768, max: 32_767 }),
);
const place = fc.record({
  address,
  pitch: fc.oneof(fc.constantFrom(128, 512, 1024, 4096), fc.integer({ min: -32_768, max: 32_767 })),
  tiling: fc.constantFrom('linear', 'x', 'y'),
});
const box = fc.record({ left: coordinate, top: coordinate, right: coordinate, bottom: coordinate });
const depth = fc.constantFrom(1, 2, 4);
const rop = fc.nat(255);
const lanes = fc.constantFrom('all', 'rgb', 'alpha', 'none');

const blit: Arbitrary<readonly number[]> = fc.oneof(
  fc.record({ to: place, box, depth, color: word, rop, lanes, isClipped: fc.boolean() }).map(fill),
  fc
    .record({ to: place, from: place, box, left: coordinate, top: coordinate, depth, rop, lanes })
    .map(copy),
  fc
    .record({
      to: place,
      from: place,
      box,
      left: coordinate,
      top: coordinate,
      depth: fc.constantFrom(1, 2, 4, 8, 16),
    })
    .map(fastCopy),
);

/** One command. */
export const anyCommand: Arbitrary<readonly number[]> = fc.oneof(
  command(process(0x20, 2), inWords, word),
  command(mi(0x20, 2), inWords, word, word),
  command(mi(0x21, 1), word, word),
  command(mi(0x22, 1), register, word),
  command(mi(0x24, 2), register, inWords),
  command(mi(0x26, 2), inWords, word),
  command(mi(0x29, 2), register, inWords),
  command(mi(0x2a, 1), register, register),
  command(mi(0x2e, 3), inWords, inWords),
  command(mi(0x2f, 1), inWords, word, word),
  command(mi(0x1c, 2), word, inWords),
  command(mi(0x1a, 3), word, word, word, word),
  command(mi(0x31, 1), inWords),
  command(process(0x31, 0x101), inWords),
  fc.nat(BATCH_PAGES - 1).map((page) => cmd.batch(BATCHES + page * PAGE)),
  command(mi(0x36, 2), word, inWords),
  command(fc.constant(0x7a00_0004), word, inWords, word, word),
  command(fc.nat(63).chain((opcode) => mi(opcode, 0))),
  command(word),
  command(word, word, word, word),
  blit,
  fc.constant([0]),
  fc.constant([0x0500_0000]),
);

export type Action =
  | { readonly kind: 'ring'; readonly engine: number; readonly commands: readonly number[] }
  | { readonly kind: 'submit'; readonly engine: number; readonly second: boolean }
  | { readonly kind: 'batch'; readonly page: number; readonly commands: readonly number[] }
  | { readonly kind: 'register'; readonly offset: number; readonly value: number }
  | {
      readonly kind: 'image';
      readonly engine: number;
      readonly index: number;
      readonly value: number;
    }
  | { readonly kind: 'entry'; readonly page: number; readonly low: number; readonly high: number }
  | {
      /** A store to the table, in the middle of what the GPU does next. */
      readonly kind: 'store';
      readonly page: number;
      readonly low: number;
      readonly high: number;
      /** Looks of the GPU at memory and clock until it comes. */
      readonly after: number;
    }
  | { readonly kind: 'aperture'; readonly offset: number; readonly length: number }
  | { readonly kind: 'poke'; readonly at: number; readonly value: number }
  | { readonly kind: 'turns'; readonly count: number };

const engine = fc.nat(3);
const commands = fc.array(anyCommand, { maxLength: 24, size: 'max' }).map((list) => list.flat());

/** One thing that a guest does. */
export const anyAction: Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ring'), engine, commands }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('submit'), engine, second: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('batch'),
      page: fc.nat(BATCH_PAGES - 1),
      commands,
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('turns'), count: fc.nat(6) }) },
  fc.record({
    kind: fc.constant('register'),
    offset: fc.nat(MIB / 2 - 1).map((at) => at * 4),
    value: word,
  }),
  fc.record({
    kind: fc.constant('register'),
    offset: fc.constantFrom(...ENGINES).chain((base) => fc.nat(0xff).map((at) => base + at * 4)),
    value: word,
  }),
  fc.record({ kind: fc.constant('image'), engine, index: fc.nat(0x60), value: word }),
  fc.record({ kind: fc.constant('entry'), page: fc.nat(80), low: word, high: fc.nat(0xff) }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('store'),
      page: fc.nat(80),
      low: word,
      high: fc.nat(0xff),
      after: fc.nat(30),
    }),
  },
  fc.record({ kind: fc.constant('aperture'), offset: fc.nat(4 * MIB), length: fc.nat(9000) }),
  fc.record({ kind: fc.constant('poke'), at: fc.nat(2 * MIB - 1), value: word }),
);
