import { expect, it } from 'vitest';
import { BCS, cmd, Context, Engine, Guest, PAGE, RCS, VCS, VECS } from './guest.ts';

const GPR = 0x600;
const CONTEXT_CONTROL = 0x03;
const INDIRECT_CONTEXT = 0x1b;
const FIRST = 0x0001_0001;

const storeRegister = (register: number, address: number): readonly number[] => [
  0x1240_0002,
  register,
  address,
  0,
];

/** What a register has when a context runs. */
function seen(guest: Guest, engine: Engine, context: Context, register: number): number {
  const at = guest.global();
  guest.setWord(at.physical, 0xdead);
  context.emit(...storeRegister(register, at.graphics));
  engine.submit(context);
  guest.run();
  return guest.word(at.physical);
}

function write(guest: Guest, engine: Engine, context: Context, ...pair: readonly number[]): void {
  context.emit(...cmd.loadImm(...pair));
  engine.submit(context);
  guest.run();
}

it.each([
  ['a general register of RCS0', RCS, RCS + GPR, 0x1234, 0x1234],
  ['a general register of BCS0', BCS, BCS + GPR + 0x7c, 0x1234, 0x1234],
  ['a general register of VCS0', VCS, VCS + GPR, 0x1234, 0x1234],
  ['a general register of VECS0', VECS, VECS + GPR, 0x1234, 0x1234],
  ['a predicate', RCS, RCS + 0x410, 7, 7],
  ['a counter', RCS, 0x2338, 9, 9],
  ['a mode of the slices', RCS, 0x7014, 0x8000_8000, 0x8000],
  ['how the blitter tiles', BCS, 0x2_2200, 0x3_0003, 3],
])('%s is of each context', (_what, base, register, written, value) => {
  const guest = new Guest();
  const engine = new Engine(guest, base);
  const first = new Context(guest, 0x20);
  const second = new Context(guest, 0x40);
  write(guest, engine, first, register, written);
  expect(seen(guest, engine, second, register)).toBe(0);
  expect(seen(guest, engine, first, register)).toBe(value);
});

it('keeps them for the second context of a list', () => {
  const guest = new Guest();
  const engine = new Engine(guest, RCS);
  const first = new Context(guest, 0x20);
  const second = new Context(guest, 0x40);
  const at = guest.global();
  first.emit(...cmd.loadImm(RCS + GPR, 5));
  second.emit(...storeRegister(RCS + GPR, at.graphics));
  guest.setWord(at.physical, 0xdead);
  engine.submit(first, second);
  guest.run();
  expect(guest.word(at.physical)).toBe(0);
});

it('leaves the registers as they are for an image that has none', () => {
  const guest = new Guest();
  const engine = new Engine(guest, RCS);
  guest.setRegister(0x7014, 0x10_0010);
  const context = new Context(guest, 0x20);
  context.set(CONTEXT_CONTROL, FIRST);
  expect(seen(guest, engine, context, 0x7014)).toBe(0x10);
});

it('starts the copy of an image with what the image had', () => {
  const guest = new Guest();
  const engine = new Engine(guest, RCS);
  const first = new Context(guest, 0x20);
  first.set(CONTEXT_CONTROL, FIRST);
  write(guest, engine, first, 0x7014, 0x40_0040);
  const copy = new Context(guest, 0x40);
  const behind = first.image.physical + PAGE + 0x100;
  guest.ram.bytes.copyWithin(copy.image.physical + PAGE + 0x100, behind, behind + PAGE - 0x100);
  guest.setRegister(0x7014, 0x40_0000);
  expect(seen(guest, engine, copy, 0x7014)).toBe(0x40);
});

it('has what is not of a context in common', () => {
  const guest = new Guest();
  const engine = new Engine(guest, RCS);
  write(guest, engine, new Context(guest, 0x20), 0x20e4, 0x8_0008);
  expect(seen(guest, engine, new Context(guest, 0x40), 0x20e4)).toBe(8);
});

/** Gives a context an indirect batch. */
function setIndirect(guest: Guest, context: Context, words: readonly number[]): void {
  const batch = guest.global();
  const lines = Math.ceil(words.length / 16);
  guest.setWords(batch.physical, words);
  context.set(INDIRECT_CONTEXT, batch.graphics | lines);
}

it('has the last word over the indirect batch, which comes before', () => {
  const guest = new Guest();
  const engine = new Engine(guest, RCS);
  const context = new Context(guest, 0x20);
  setIndirect(guest, context, cmd.loadImm(0x7014, 0x1000_0000));
  write(guest, engine, context, 0x7014, 0x1000_1000);
  expect(seen(guest, engine, context, 0x7014)).toBe(0x1000);
});

it('has nothing to say over the indirect batch of a first context', () => {
  const guest = new Guest();
  const engine = new Engine(guest, RCS);
  const context = new Context(guest, 0x20);
  context.set(CONTEXT_CONTROL, FIRST);
  setIndirect(guest, context, cmd.loadImm(0x7014, 0x1000_1000));
  expect(seen(guest, engine, context, 0x7014)).toBe(0x1000);
});

it('runs all of a ring that grows while the indirect batch waits', () => {
  const guest = new Guest();
  const engine = new Engine(guest, RCS);
  const context = new Context(guest, 0x20);
  const flag = guest.global();
  const at = guest.global();
  setIndirect(guest, context, [0x0e40_c002, 1, flag.graphics, 0]);
  context.emit(...cmd.storeGlobal(at.graphics, 1));
  engine.submit(context);
  guest.run();
  context.emit(...cmd.storeGlobal(at.graphics + 4, 2));
  engine.submit(context);
  guest.run();
  expect(guest.word(at.physical)).toBe(0);
  guest.setWord(flag.physical, 1);
  guest.run();
  expect([guest.word(at.physical), guest.word(at.physical + 4)]).toEqual([1, 2]);
});
