import { describe, expect, it } from 'vitest';
import {
  GpuScheduler,
  type GpuClient,
  type Remainder,
} from '../../../src/gpu/execution/scheduler.ts';
import { SoftGpu } from '../../../src/gpu/soft-gpu.ts';
import { keepBusy } from './busy.ts';
import { BCS, cmd, Context, Engine, Guest, RCS, SHARE, VCS, VECS } from './guest.ts';
import { Loop } from './loop.ts';

class Client implements GpuClient {
  readonly clock: Loop;
  readonly weight: number;
  remainder: Remainder = 'work';
  slices = 0;

  constructor(clock: Loop, weight = 1) {
    this.clock = clock;
    this.weight = weight;
  }

  slice(): Remainder {
    this.slices++;
    this.clock.time++;
    return this.remainder;
  }
}

describe('GpuScheduler', () => {
  it('takes one slice a turn', () => {
    const loop = new Loop();
    const scheduler = new GpuScheduler();
    const clients = [new Client(loop), new Client(loop)] as const;
    for (const client of clients) scheduler.wake(client);
    loop.turn();
    expect(clients[0].slices + clients[1].slices).toBe(1);
  });

  it('shares by weight', () => {
    const loop = new Loop();
    const scheduler = new GpuScheduler();
    const clients = [new Client(loop, 2), new Client(loop, 4), new Client(loop, 8)] as const;
    for (const client of clients) scheduler.wake(client);
    loop.turn(140);
    expect(clients.map(({ slices }) => slices)).toEqual([20, 40, 80]);
  });

  it('does not let one catch up for the time that it idled', () => {
    const loop = new Loop();
    const scheduler = new GpuScheduler();
    const busy = new Client(loop);
    const late = new Client(loop);
    scheduler.wake(busy);
    loop.turn(100);
    scheduler.wake(late);
    loop.turn(20);
    expect(late.slices).toBeLessThanOrEqual(11);
  });

  it('comes back to one that waits after a while', () => {
    const loop = new Loop();
    const scheduler = new GpuScheduler();
    const client = new Client(loop);
    client.remainder = 'waiting';
    scheduler.wake(client);
    loop.turn(5);
    expect(client.slices).toBe(1);
    loop.time++;
    loop.turn(2);
    expect(client.slices).toBe(2);
  });

  it('comes back at once to one that waits and is woken', () => {
    const loop = new Loop();
    const scheduler = new GpuScheduler();
    const client = new Client(loop);
    client.remainder = 'waiting';
    scheduler.wake(client);
    loop.turn();
    scheduler.wake(client);
    loop.turn();
    expect(client.slices).toBe(2);
  });

  it('leaves no timer behind for one that idles or is removed', () => {
    const loop = new Loop();
    const scheduler = new GpuScheduler();
    const [idle, ready, waiting] = [new Client(loop), new Client(loop), new Client(loop)];
    idle.remainder = 'nothing';
    waiting.remainder = 'waiting';
    for (const client of [idle, ready, waiting]) scheduler.wake(client);
    loop.turn(3);
    for (const client of [ready, waiting]) scheduler.remove(client);
    expect(loop.pending).toBe(0);
    loop.time += 10;
    loop.turn();
    expect(ready.slices).toBe(1);
  });

  it('goes on with others when one is removed in its own slice', () => {
    const loop = new Loop();
    const scheduler = new GpuScheduler();
    const other = new Client(loop);
    const leaving = new Client(loop);
    leaving.slice = () => {
      scheduler.remove(leaving);
      return 'work';
    };
    scheduler.wake(leaving);
    scheduler.wake(other);
    loop.turn(5);
    expect(other.slices).toBeGreaterThanOrEqual(3);
  });
});

describe('two vGPUs of one GPU', () => {
  it('both go on while one spins', () => {
    const gpu = new SoftGpu({ pipes: 0 });
    const spinning = new Guest({ gpu });
    const { clock } = spinning;
    const other = new Guest({ gpu, clock, share: { ...SHARE, id: 2 } });
    const batch = spinning.global();
    spinning.setWords(batch.physical, cmd.batchGlobal(batch.graphics));
    const spinner = new Context(spinning, 0x20);
    spinner.emit(...cmd.batchGlobal(batch.graphics));
    new Engine(spinning, RCS).submit(spinner);
    const engine = new Engine(other, RCS);
    const context = new Context(other, 0x20);
    context.emit(...cmd.storeGlobal(engine.page.graphics + 0x200, 1));
    spinning.run();
    engine.submit(context);
    other.run();
    expect(other.word(engine.page.physical + 0x200)).toBe(1);
    expect(spinning.vgpu.counters.commands).toBeGreaterThan(0);
  });
});

/** Each look at the time takes some. */
class SlowLoop extends Loop {
  override now(): number {
    this.time += 0.01;
    return this.time;
  }
}

/** Milliseconds in which i915 wants the first requests of all engines done; else it gives the GPU up. */
const FIRST_REQUESTS = 200;

it('the first requests of a vGPU are done in time beside six of the greatest weight that never rest', () => {
  const gpu = new SoftGpu({ pipes: 0 });
  const loop = new SlowLoop();
  const busy = Array.from({ length: 6 }, (_, i) => {
    const guest = new Guest({ gpu, loop, share: { ...SHARE, id: i + 2, weight: 16 } });
    keepBusy(guest);
    return guest;
  });
  const guest = new Guest({ gpu, loop, share: { ...SHARE, weight: 2 } });
  const engines = [RCS, BCS, VCS, VECS].map((base) => new Engine(guest, base));
  const done = guest.global();
  while (loop.time < FIRST_REQUESTS) loop.turn();

  const begin = loop.time;
  for (let request = 1; request <= 3; request++) {
    engines.forEach((engine, i) => {
      const context = new Context(guest, 0x20);
      context.emit(...cmd.storeGlobal(done.graphics + i * 4, request));
      engine.submit(context);
    });
    const isDone = (): boolean =>
      engines.every((_, i) => guest.word(done.physical + i * 4) === request);
    while (!isDone() && loop.time < begin + FIRST_REQUESTS) loop.turn();
    expect(isDone()).toBe(true);
  }
  expect(loop.time - begin).toBeLessThan(FIRST_REQUESTS / 4);
  for (const { vgpu } of busy) expect(vgpu.counters.busy).toBeGreaterThan(FIRST_REQUESTS / 12);
});
