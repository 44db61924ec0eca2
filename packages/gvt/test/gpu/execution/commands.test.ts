import { describe, expect, it } from 'vitest';
import { cmd, Context, Engine, Guest, MIB, PAGE, Process, RCS } from './guest.ts';

const GPR = RCS + 0x600;
const BATCH = 0x7f_0000_0000;
const DATA = 0x10_0000;

/** One command. */
const one = (...words: readonly number[]): readonly number[] => words;

/** Instructions of MI_MATH. */
const load = (to: number, from: number): number => ((0x080 << 20) | (to << 10) | from) >>> 0;
const store = (to: number, from: number): number => ((0x180 << 20) | (to << 10) | from) >>> 0;

/** A guest with a context on the render engine, a page of data and a batch in its process. */
class Bench extends Guest {
  readonly engine: Engine = new Engine(this, RCS);
  readonly context: Context = new Context(this, 0x20);
  readonly data: number = this.context.process.pages(DATA);
  readonly code: number = this.context.process.pages(BATCH, 2);
  /** Of global memory. */
  readonly global1 = this.global();

  /** Executes in the ring. */
  inRing(...words: readonly number[]): void {
    this.context.emit(...words);
    this.engine.submit(this.context);
    this.run();
  }

  /** Executes in a batch of the process. */
  inBatch(...words: readonly number[]): void {
    this.setWords(this.code, [...words, cmd.batchEnd]);
    this.inRing(...cmd.batch(BATCH), ...cmd.storeGlobal(this.engine.page.graphics + 0x200, 1));
  }

  /** The ring went on behind the batch. */
  get isBack(): boolean {
    return this.word(this.engine.page.physical + 0x200) === 1;
  }
}

describe('MI_BATCH_BUFFER_START', () => {
  it('comes back to the ring', () => {
    const guest = new Bench();
    guest.inBatch(...cmd.store(DATA, 5));
    expect([guest.word(guest.data), guest.isBack]).toEqual([5, true]);
  });

  it('jumps from a batch and does not come back to it', () => {
    const guest = new Bench();
    guest.setWords(guest.code + PAGE, [...cmd.store(DATA + 4, 2), cmd.batchEnd]);
    guest.inBatch(...cmd.batch(BATCH + PAGE), ...cmd.store(DATA, 1));
    expect([guest.word(guest.data), guest.word(guest.data + 4)]).toEqual([0, 2]);
    expect(guest.isBack).toBe(true);
  });

  it('calls a batch of the second level and comes back to the first', () => {
    const guest = new Bench();
    guest.setWords(guest.code + PAGE, [...cmd.store(DATA + 4, 2), cmd.batchEnd]);
    const [header = 0, ...address] = cmd.batch(BATCH + PAGE);
    guest.inBatch(header | (1 << 22), ...address, ...cmd.store(DATA, 1));
    expect([guest.word(guest.data), guest.word(guest.data + 4)]).toEqual([1, 2]);
    expect(guest.isBack).toBe(true);
  });

  it('goes from the end of a page to the next', () => {
    const guest = new Bench();
    const start = PAGE - 8;
    guest.setWords(guest.code + start, [...cmd.store(DATA, 0x77), cmd.batchEnd]);
    guest.inRing(...cmd.batch(BATCH + start));
    expect(guest.word(guest.data)).toBe(0x77);
  });

  it('spins without holding up time, and ends when the guest says so', () => {
    const guest = new Bench();
    guest.setWords(guest.code, [cmd.arbCheck, ...cmd.batch(BATCH)]);
    guest.inRing(...cmd.batch(BATCH));
    guest.run(50);
    expect(guest.vgpu.counters.commands).toBeLessThan(2000);
    guest.setWord(guest.code, cmd.batchEnd);
    guest.run();
    expect(guest.engine.events(1)).toEqual([[0x18, 0x20]]);
  });

  it('is called by many requests without a pause', () => {
    const guest = new Bench();
    guest.setWords(guest.code, [cmd.batchEnd]);
    for (let i = 0; i < 500; i++) guest.context.emit(...cmd.batch(BATCH));
    guest.context.emit(...cmd.storeGlobal(guest.engine.page.graphics + 0x200, 1));
    guest.engine.submit(guest.context);
    guest.run(0);
    expect(guest.isBack).toBe(true);
  });

  it('stops where nothing is, until a reset', () => {
    const guest = new Bench();
    guest.inRing(...cmd.batch(0x1234_5000));
    guest.run(100);
    expect(guest.engine.events(1)).toEqual([[0x1, 0]]);
    expect(guest.register(RCS + 0x74)).toBe(0x1234_5000);
    guest.setRegister(0x941c, 0x2);
    guest.context.set(0x05, guest.context.tail);
    guest.inRing(...cmd.storeGlobal(guest.engine.page.graphics + 0x200, 1));
    expect(guest.isBack).toBe(true);
  });
});

describe('MI_CONDITIONAL_BATCH_BUFFER_END', () => {
  it.each([
    [4, 5, true],
    [5, 5, true],
    [6, 5, false],
    [0xffff_ffff, 5, false],
  ])('where memory has %i and the operand is %i ends: %s', (value, operand, ends) => {
    const guest = new Bench();
    guest.setWord(guest.data, value);
    guest.inBatch(0x1b20_0002, operand, DATA, 0, ...cmd.store(DATA + 4, 1));
    expect(guest.word(guest.data + 4)).toBe(ends ? 0 : 1);
    expect(guest.isBack).toBe(true);
  });
});

describe('MI_SEMAPHORE_WAIT', () => {
  it.each([
    [0, 6, 5],
    [1, 5, 5],
    [2, 4, 5],
    [3, 5, 5],
    [4, 5, 5],
    [5, 4, 5],
  ])('of operation %i goes on once memory has %i for %i', (operation, value, operand) => {
    const guest = new Bench();
    const wrong = [5, 4, 5, 6, 4, 5][operation] ?? 0;
    guest.setWord(guest.data, wrong);
    guest.inBatch(0x0e00_8002 | (operation << 12), operand, DATA, 0);
    expect(guest.isBack).toBe(false);
    guest.setWord(guest.data, value);
    guest.run();
    expect(guest.isBack).toBe(true);
  });

  it('lets other engines go on', () => {
    const guest = new Bench();
    guest.inBatch(0x0e00_c002, 1, DATA, 0);
    const engine = new Engine(guest, 0x2_2000);
    const context = new Context(guest, 0x40);
    context.emit(...cmd.storeGlobal(guest.global1.graphics, 3));
    engine.submit(context);
    guest.run();
    expect(guest.word(guest.global1.physical)).toBe(3);
  });

  it('is satisfied by another engine', () => {
    const guest = new Bench();
    guest.inRing(0x0e40_c002, 1, guest.global1.graphics, 0);
    const engine = new Engine(guest, 0x2_2000);
    const context = new Context(guest, 0x40);
    context.emit(...cmd.storeGlobal(guest.global1.graphics, 1));
    engine.submit(context);
    guest.run();
    expect(guest.engine.events(1)).toEqual([[0x18, 0x20]]);
  });
});

describe('stores', () => {
  it('MI_STORE_DATA_IMM writes a qword', () => {
    const guest = new Bench();
    guest.inBatch(0x1020_0003, DATA + 8, 0, 0x1111, 0x2222);
    expect([guest.word(guest.data + 8), guest.word(guest.data + 12)]).toEqual([0x1111, 0x2222]);
  });

  it('MI_STORE_DATA_IMM of a batch does not reach global memory', () => {
    const guest = new Bench();
    guest.inBatch(...cmd.storeGlobal(guest.global1.graphics, 5));
    expect(guest.word(guest.global1.physical)).toBe(0);
    expect(guest.vgpu.counters.refused).toBe(1);
    expect(guest.isBack).toBe(true);
  });

  it('MI_STORE_DATA_IMM of a ring writes memory of the process too', () => {
    const guest = new Bench();
    guest.inRing(...cmd.store(DATA, 5));
    expect(guest.word(guest.data)).toBe(5);
  });

  it('MI_STORE_DATA_INDEX writes status pages', () => {
    const guest = new Bench();
    guest.inRing(0x1080_0001, 0x300, 7, 0x10a0_0001, 0xd0, 8);
    expect(guest.word(guest.engine.page.physical + 0x300)).toBe(7);
    expect(guest.word(guest.context.image.physical + 0xd0)).toBe(8);
  });

  it('MI_COPY_MEM_MEM copies a dword', () => {
    const guest = new Bench();
    guest.setWord(guest.data, 0xabcd);
    guest.inBatch(0x1700_0003, DATA + 4, 0, DATA, 0);
    expect(guest.word(guest.data + 4)).toBe(0xabcd);
  });

  it('that no entry allows to write are dropped', () => {
    const guest = new Bench();
    const page = guest.pages();
    guest.context.process.map(DATA + PAGE, page, 1, 1);
    guest.inBatch(...cmd.store(DATA + PAGE, 5));
    expect([guest.word(page), guest.vgpu.counters.faults]).toEqual([0, 1]);
  });
});

describe('PIPE_CONTROL', () => {
  it('writes a qword', () => {
    const guest = new Bench();
    guest.inBatch(0x7a00_0004, 1 << 14, DATA, 0, 0x11, 0x22);
    expect([guest.word(guest.data), guest.word(guest.data + 4)]).toEqual([0x11, 0x22]);
  });

  it('does not take the low bits of an address as such', () => {
    const guest = new Bench();
    guest.inBatch(0x7a00_0003, 1 << 14, DATA | 4, 0, 0x11);
    expect([guest.word(guest.data), guest.word(guest.data + 4)]).toEqual([0x11, 0]);
  });

  it('writes the time', () => {
    const guest = new Bench();
    guest.clock.advance(1000);
    guest.inBatch(0x7a00_0004, 3 << 14, DATA, 0, 0, 0);
    expect(guest.word(guest.data)).toBe(12_000_000);
  });

  it('writes the context page by index', () => {
    const guest = new Bench();
    guest.inRing(0x7a00_0004, (1 << 14) | (1 << 21) | (1 << 24), 0xd0, 0, 9, 0);
    expect(guest.word(guest.context.image.physical + 0xd0)).toBe(9);
  });

  it('notifies', () => {
    const guest = new Bench();
    guest.setRegister(0x4_4304, 0);
    guest.inBatch(0x7a00_0004, 1 << 8, 0, 0, 0, 0);
    expect(guest.register(0x4_4308) & (1 << 4)).toBe(1 << 4);
  });
});

describe('MI_FLUSH_DW', () => {
  it('writes a dword by its length', () => {
    const guest = new Bench();
    guest.setWord(guest.data + 4, 0x55);
    guest.inBatch(0x1300_4002, DATA, 0, 0x11);
    expect([guest.word(guest.data), guest.word(guest.data + 4)]).toEqual([0x11, 0x55]);
  });

  it('writes a qword by its length', () => {
    const guest = new Bench();
    guest.inBatch(0x1300_4003, DATA, 0, 0x11, 0x22);
    expect([guest.word(guest.data), guest.word(guest.data + 4)]).toEqual([0x11, 0x22]);
  });

  it('notifies', () => {
    const guest = new Bench();
    guest.setRegister(0x4_4304, 0);
    guest.inRing(0x1300_0102, 0, 0, 0);
    expect(guest.register(0x4_4308) & (1 << 4)).toBe(1 << 4);
  });
});

describe('registers', () => {
  it('that commands may write are loaded', () => {
    const guest = new Bench();
    guest.setWord(guest.data, 0x33);
    guest.inBatch(
      ...cmd.loadImm(GPR, 0x11, GPR + 4, 0x22),
      ...one(0x1480_0002, GPR + 8, DATA, 0),
      ...one(0x1500_0001, GPR, GPR + 16),
    );
    const values = [0, 4, 8, 16].map((offset) => guest.register(GPR + offset));
    expect(values).toEqual([0x11, 0x22, 0x33, 0x11]);
  });

  it('are stored', () => {
    const guest = new Bench();
    guest.inBatch(...cmd.loadImm(GPR, 0x11), 0x1200_0002, GPR, DATA, 0);
    expect(guest.word(guest.data)).toBe(0x11);
  });

  it('that are masked change by their mask', () => {
    const guest = new Bench();
    guest.inRing(...cmd.loadImm(0x7000, 0x00ff_00f0), ...cmd.loadImm(0x7000, 0x0001_0001));
    expect(guest.register(0x7000)).toBe(0xf1);
  });

  it.each([
    ['GDRST', 0x941c],
    ['the submission port', RCS + 0x230],
    ['the status page', RCS + 0x80],
    ['a fence', 0x10_0000],
    ['what is behind all registers', 0x40_0000],
    ['a plane', 0x7_0180],
  ])('of %s are not for commands', (_name, offset) => {
    const guest = new Bench();
    const before = offset < 2 * MIB ? guest.register(offset) : 0;
    guest.inRing(...cmd.loadImm(offset, 0x1234_5000));
    expect(guest.vgpu.counters.refused).toBe(1);
    expect(offset < 2 * MIB ? guest.register(offset) : 0).toBe(before);
    expect(guest.logs).toHaveLength(1);
  });
});

describe('MI_MATH', () => {
  const BOTH = 0xffff_ffff;

  it.each([
    ['adds', 0x100, [BOTH, 1], [1, 2], [0, 4], 0],
    ['adds over 64 bits', 0x100, [BOTH, BOTH], [1, 0], [0, 0], BOTH],
    ['subtracts', 0x101, [0, 1], [1, 0], [BOTH, 0], 0],
    ['subtracts below 0', 0x101, [0, 0], [1, 0], [BOTH, BOTH], BOTH],
    ['ands', 0x102, [0xf0f0, 0xff], [0xff00, 0x0f], [0xf000, 0x0f], 0],
    ['ors', 0x103, [0xf0f0, 0xf0], [0x0f00, 0x0f], [0xfff0, 0xff], 0],
    ['xors', 0x104, [0xffff, 1], [0x0ff0, 1], [0xf00f, 0], 0],
  ] as const)('%s', (_name, operation, a, b, result, carry) => {
    const guest = new Bench();
    guest.inBatch(
      ...cmd.loadImm(GPR, a[0], GPR + 4, a[1], GPR + 8, b[0], GPR + 12, b[1]),
      ...one(0x0d00_0003, load(0x20, 0), load(0x21, 1), (operation << 20) >>> 0, store(2, 0x31)),
      ...one(0x0d00_0003, load(0x20, 0), load(0x21, 1), (operation << 20) >>> 0, store(3, 0x33)),
    );
    expect([guest.register(GPR + 16), guest.register(GPR + 20)]).toEqual(result);
    expect(guest.register(GPR + 24)).toBe(carry);
  });
});

describe('MI_ATOMIC', () => {
  it.each([
    ['AND', 0x01, 0xf0, 0x3c, 0, 0x30],
    ['OR', 0x02, 0xf0, 0x0c, 0, 0xfc],
    ['XOR', 0x03, 0xf0, 0x3c, 0, 0xcc],
    ['MOVE', 0x04, 1, 2, 0, 2],
    ['INC', 0x05, 0xffff_ffff, 0, 0, 0],
    ['DEC', 0x06, 0, 0, 0, 0xffff_ffff],
    ['ADD', 0x07, 3, 4, 0, 7],
    ['SUB', 0x08, 3, 4, 0, 0xffff_ffff],
    ['RSUB', 0x09, 3, 4, 0, 1],
    ['IMAX', 0x0a, 0xffff_ffff, 1, 0, 1],
    ['IMIN', 0x0b, 0xffff_ffff, 1, 0, 0xffff_ffff],
    ['UMAX', 0x0c, 0xffff_ffff, 1, 0, 0xffff_ffff],
    ['UMIN', 0x0d, 0xffff_ffff, 1, 0, 1],
    ['CMPWR of equals', 0x0e, 5, 5, 9, 9],
    ['CMPWR of others', 0x0e, 5, 6, 9, 5],
  ])('%s of a dword', (_name, operation, before, first, second, after) => {
    const guest = new Bench();
    guest.setWord(guest.data, before);
    guest.inBatch(
      0x1784_0009 | (operation << 8) | (1 << 16),
      DATA,
      0,
      first,
      second,
      0,
      0,
      0,
      0,
      0,
      0,
    );
    expect([guest.word(guest.data), guest.register(GPR)]).toEqual([after, before]);
    expect(guest.isBack).toBe(true);
  });

  it('carries into the upper half of a qword', () => {
    const guest = new Bench();
    guest.setWord(guest.data, 0xffff_ffff);
    guest.inBatch(0x1784_0009 | (0x27 << 8), DATA, 0, 1, 0, 2, 0, 0, 0, 0, 0);
    expect([guest.word(guest.data), guest.word(guest.data + 4)]).toEqual([0, 3]);
  });
});

describe('MI_PREDICATE', () => {
  it.each([
    ['equal', 5, 1],
    ['different', 6, 0],
  ])('tells that sources are %s', (_name, other, result) => {
    const guest = new Bench();
    guest.inBatch(
      ...cmd.loadImm(RCS + 0x400, 5, RCS + 0x404, 0, RCS + 0x408, other, RCS + 0x40c, 0),
      0x0600_0082,
    );
    expect(guest.register(RCS + 0x418)).toBe(result);
  });
});

describe('other commands', () => {
  it('of the 3D pipeline are passed over, and draws are counted', () => {
    const guest = new Bench();
    guest.inBatch(
      ...one(0x6904_0000, 0x7904_0002, 0, 0, 0),
      ...one(0x7b00_0005, 0, 0, 0, 0, 0, 0),
      ...one(0x7105_000d, ...Array.from({ length: 14 }, () => 0)),
    );
    expect(guest.isBack).toBe(true);
    expect(guest.vgpu.counters.draws).toBe(2);
    guest.inRing(0x7b00_0005, 0, 0, 0, 0, 0, 0);
    expect(guest.logs).toHaveLength(1);
  });

  it.each([
    ['MI_UPDATE_GTT', [0x1180_0001, 0, 0]],
    ['MI_CLFLUSH', [0x1380_0001, 0, 0]],
    ['MI_REPORT_PERF_COUNT', [0x1400_0002, 0, 0, 0]],
    ['an opcode of MI that is none', [0x1f00_0000, 0]],
    ['a type that is none', [0x2000_0000]],
  ])('%s is refused and passed over', (_name, command) => {
    const guest = new Bench();
    guest.inRing(...command, ...cmd.storeGlobal(guest.engine.page.graphics + 0x200, 1));
    expect(guest.isBack).toBe(true);
    expect(guest.vgpu.counters.refused).toBe(1);
  });
});

describe('what is read when an engine hangs', () => {
  it('is where it is and what it does', () => {
    const guest = new Bench();
    const header = 0x0e00_c002;
    guest.inBatch(header, 1, DATA, 0);
    expect(guest.register(RCS + 0x68)).toBe(header);
    expect(guest.register(RCS + 0x74)).toBe(BATCH % 2 ** 32);
    expect(guest.register(RCS + 0x5c)).toBe(Math.floor(BATCH / 2 ** 32));
    expect(guest.register(RCS + 0x38)).toBe(guest.context.ring.graphics);
    expect(guest.register(RCS + 0x30)).toBe(guest.context.tail);
    expect(guest.register(RCS + 0x34)).toBe(12);
    expect(guest.register(RCS + 0x3c)).toBe(0x3001);
  });
});

describe('a reset of an engine', () => {
  it.each([
    ['of its own', 0x2],
    ['of all', 0x1],
  ])('%s ends a batch that spins', (_name, mask) => {
    const guest = new Bench();
    guest.setWords(guest.code, [cmd.arbCheck, ...cmd.batch(BATCH)]);
    guest.inRing(...cmd.batch(BATCH));
    guest.setRegister(RCS + 0x9c, 0x0100_0100);
    expect(guest.register(RCS + 0x9c) & 0x200).toBe(0x200);
    guest.setRegister(RCS + 0xd0, 0x0001_0001);
    expect(guest.register(RCS + 0xd0) & 2).toBe(2);
    guest.setRegister(0x941c, mask);
    expect(guest.register(0x941c)).toBe(0);
    expect(guest.register(RCS + 0x3a0)).toBe(0x505);
    expect(guest.register(RCS + 0x34)).toBe(guest.register(RCS + 0x30));
    const { commands } = guest.vgpu.counters;
    guest.run(50);
    expect(guest.vgpu.counters.commands).toBe(commands);
    const engine = new Engine(guest, RCS);
    const context = new Context(guest, 0x40);
    context.emit(...cmd.storeGlobal(guest.global1.graphics, 4));
    engine.submit(context);
    guest.run();
    expect(guest.word(guest.global1.physical)).toBe(4);
  });
});

describe('memory that is not mapped', () => {
  it('is read and written all the same', () => {
    const guest = new Bench();
    guest.ram.isUnmapped = true;
    guest.inBatch(...cmd.store(DATA, 5));
    expect([guest.word(guest.data), guest.isBack]).toEqual([5, true]);
    expect(new Process(guest).root).toBeGreaterThan(0);
  });
});
