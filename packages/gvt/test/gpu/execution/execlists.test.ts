import { describe, expect, it } from 'vitest';
import { BCS, cmd, Context, Engine, Guest, RCS, VCS, VECS } from './guest.ts';

const SEQNO = 0x100;

function request(base: number, engine: Engine, context: Context, seqno: number): void {
  context.emit(...cmd.storeGlobal(engine.page.graphics + SEQNO, seqno - 1), cmd.noop, cmd.arbCheck);
  context.emit(...cmd.breadcrumb(base, engine.page.graphics, seqno));
}

interface Rig {
  readonly guest: Guest;
  readonly engine: Engine;
  readonly context: Context;
}

/** A guest with an engine, and a context for it. */
function rig(base: number = RCS): Rig {
  const guest = new Guest();
  return { guest, engine: new Engine(guest, base), context: new Context(guest, 0x20) };
}

/** The same, with a context that waits until its flag is 1. */
function waiting(): Rig & { readonly flag: ReturnType<Guest['global']> } {
  const made = rig();
  const flag = made.guest.global();
  made.context.emit(0x0e40_4002, 1, flag.graphics, 0);
  return { ...made, flag };
}

describe.each([
  ['RCS0', RCS],
  ['BCS0', BCS],
  ['VCS0', VCS],
  ['VECS0', VECS],
])('%s', (_name, base) => {
  it('retires a request', () => {
    const { guest, engine, context } = rig(base);
    request(base, engine, context, 7);
    engine.submit(context);
    guest.run();
    expect(guest.word(engine.page.physical + SEQNO)).toBe(7);
  });

  it('tells of begin and end', () => {
    const { guest, engine, context } = rig(base);
    request(base, engine, context, 7);
    engine.submit(context);
    guest.run();
    expect(engine.events(2)).toEqual([
      [0x1, 0],
      [0x18, 0x20],
    ]);
    expect(guest.register(base + 0x3a0)).toBe(0x501);
    expect(guest.register(base + 0x370 + 8)).toBe(0x18);
    expect(guest.register(base + 0x374 + 8)).toBe(0x20);
  });

  it('interrupts by its own lane', () => {
    const guest = new Guest();
    const group =
      { [RCS]: 0x4_4300, [BCS]: 0x4_4300, [VCS]: 0x4_4310, [VECS]: 0x4_4330 }[base] ?? 0;
    const lane = base === BCS ? 16 : 0;
    guest.setRegister(group + 4, 0);
    guest.setRegister(group + 0xc, 0xffff_ffff);
    guest.setRegister(0x4_4200, 0x8000_0000);
    const engine = new Engine(guest, base);
    const context = new Context(guest, 0x20);
    request(base, engine, context, 7);
    engine.submit(context);
    guest.run();
    expect(guest.register(group + 8)).toBe((0x101 << lane) >>> 0);
    expect(guest.interrupts).toBe(1);
  });
});

describe('a list of two contexts', () => {
  it('runs one after the other', () => {
    const guest = new Guest();
    const engine = new Engine(guest, RCS);
    const first = new Context(guest, 0x20);
    const second = new Context(guest, 0x40);
    request(RCS, engine, first, 1);
    request(RCS, engine, second, 2);
    engine.submit(first, second);
    guest.run();
    expect(engine.events(3)).toEqual([
      [0x1, 0],
      [0x14, 0x20],
      [0x18, 0x40],
    ]);
    expect(guest.word(engine.page.physical + SEQNO)).toBe(2);
  });

  it('waits until the list that runs is done', () => {
    const guest = new Guest();
    const engine = new Engine(guest, RCS);
    const flag = guest.global();
    const first = new Context(guest, 0x20);
    const second = new Context(guest, 0x40);
    first.emit(0x0e40_c002, 1, flag.graphics, 0);
    request(RCS, engine, first, 1);
    request(RCS, engine, second, 2);
    engine.submit(first);
    guest.run();
    engine.submit(second);
    guest.run();
    expect(engine.events(1)).toEqual([[0x1, 0]]);
    guest.setWord(flag.physical, 1);
    guest.run();
    expect(engine.events(4)).toEqual([
      [0x1, 0],
      [0x18, 0x20],
      [0x1, 0],
      [0x18, 0x40],
    ]);
  });
});

describe('a context that is submitted again while it runs', () => {
  it('goes on to the new tail', () => {
    const { guest, engine, context, flag } = waiting();
    engine.submit(context);
    guest.run();
    request(RCS, engine, context, 9);
    engine.submit(context);
    guest.run();
    expect(engine.events(2)).toEqual([
      [0x1, 0],
      [0x8002, 0x20],
    ]);
    guest.setWord(flag.physical, 1);
    guest.run();
    expect(guest.word(engine.page.physical + SEQNO)).toBe(9);
    expect(engine.events(1)).toEqual([[0x18, 0x20]]);
  });

  it('does not see a tail that was not submitted', () => {
    const { guest, engine, context, flag } = waiting();
    engine.submit(context);
    guest.run();
    request(RCS, engine, context, 9);
    guest.setWord(flag.physical, 1);
    guest.run();
    expect(guest.word(engine.page.physical + SEQNO)).toBe(0);
  });
});

describe('a context image', () => {
  it('keeps where the ring goes on', () => {
    const { guest, engine, context } = rig();
    request(RCS, engine, context, 1);
    engine.submit(context);
    guest.run();
    expect(context.get(0x05)).toBe(context.tail);
  });

  it('keeps how long the context has run', () => {
    const { guest, engine, context, flag } = waiting();
    context.set(0x23, 0xffff_ffff);
    engine.submit(context);
    guest.run(10);
    guest.setWord(flag.physical, 1);
    guest.run(10);
    expect(context.get(0x23)).toBeGreaterThanOrEqual(10 * 12_000 - 1);
    expect(context.get(0x23)).toBeLessThanOrEqual(12 * 12_000);
  });

  it('takes a ring around its end', () => {
    const { guest, engine, context } = rig();
    for (let seqno = 1; seqno < 600; seqno++) {
      request(RCS, engine, context, seqno);
      engine.submit(context);
      guest.run(1);
      expect(guest.word(engine.page.physical + SEQNO)).toBe(seqno);
    }
  });

  it('that cannot be read puts the vGPU into failsafe mode', () => {
    const { guest, engine, context } = rig();
    guest.vgpu.writeGtt((context.image.graphics / 4096 + 1) * 8, new Uint8Array(8));
    engine.submit(context);
    guest.run();
    expect(guest.failsafes).toEqual(['guest error']);
  });

  it('runs its own batches before the ring', () => {
    const guest = new Guest();
    const engine = new Engine(guest, RCS);
    const batches = guest.global();
    const results = guest.global();
    const context = new Context(guest, 0x20);
    guest.setWords(batches.physical, cmd.storeGlobal(results.graphics, 1));
    context.set(0x1b, batches.graphics | 1);
    const perContext = guest.global();
    guest.setWords(perContext.physical, [
      ...cmd.copyGlobal(results.graphics + 4, results.graphics),
      cmd.batchEnd,
    ]);
    context.set(0x19, perContext.graphics | 1);
    context.emit(...cmd.copyGlobal(results.graphics + 8, results.graphics + 4));
    engine.submit(context);
    guest.run();
    expect(engine.events(1)).toEqual([[0x18, 0x20]]);
    expect(guest.word(results.physical + 8)).toBe(1);
  });
});

describe('an engine', () => {
  it('refuses a status page that is not its own', () => {
    const guest = new Guest();
    guest.setRegister(RCS + 0x80, 0x1000);
    expect(guest.register(RCS + 0x80)).toBe(0);
    expect(guest.vgpu.counters.refused).toBe(1);
  });

  it('that is stopped goes on when it is let', () => {
    const { guest, engine, context } = rig();
    request(RCS, engine, context, 1);
    guest.setRegister(RCS + 0x9c, 0x0100_0100);
    engine.submit(context);
    guest.run();
    expect(guest.word(engine.page.physical + SEQNO)).toBe(0);
    guest.setRegister(RCS + 0x9c, 0x0100_0000);
    guest.run();
    expect(guest.word(engine.page.physical + SEQNO)).toBe(1);
  });

  it('that is told of run lists before PVINFO puts the vGPU into failsafe mode', () => {
    const guest = new Guest();
    guest.vgpu.reset(false);
    guest.setRegister(RCS + 0x29c, 0x8000_8000);
    expect(guest.failsafes).toEqual(['unsupported guest']);
  });

  it('runs nothing while the vGPU is stopped', () => {
    const { guest, engine, context } = rig();
    request(RCS, engine, context, 1);
    guest.vgpu.stop();
    engine.submit(context);
    guest.run();
    expect(guest.word(engine.page.physical + SEQNO)).toBe(0);
    guest.vgpu.start();
    guest.run();
    expect(guest.word(engine.page.physical + SEQNO)).toBe(1);
  });
});
