// Many requests of several guests over several queues, while queues are reset and cards come and go: each request ends
// once, with the result or with an error that tells why.

import { LinuxClock } from '@vfio-ts/vfio-user';
import { describe, expect, test } from 'vitest';
import { WorkerPool } from '../../src/index.ts';
import { rsaKey } from '../soft/support/keys.ts';
import { bytesOf, fromBytes, power } from '../soft/support/numbers.ts';
import { inThisProcess, Machine, type Guest, type Way } from './support/machine.ts';
import { overTheSocket } from './support/wire.ts';

const REQUESTS = 1500;
/** An interference after so many requests have ended. */
const EVERY = 60;
const key = rsaKey(512);
const PARTS = {
  p: bytesOf(key.p, 32),
  q: bytesOf(key.q, 32),
  dp: bytesOf(key.dp, 32),
  dq: bytesOf(key.dq, 32),
  u: bytesOf(key.u, 32),
};

/** Dropped by a reset, no queue for it, a queue that was being reset. */
const DEFINED: ReadonlySet<string> = new Set(['ECANCELED', 'ENODEV', 'EBUSY']);

/** How requests ended, and what was wrong about it. */
class Tally {
  readonly errors = new Map<string, number>();
  readonly wrong: unknown[] = [];
  results = 0;

  error(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  get ended(): number {
    return this.results + [...this.errors.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** The `n`-th request: RSA of one kind or the other, or random numbers. */
async function request({ client }: Guest, n: number): Promise<boolean> {
  const input = BigInt(n + 2);
  switch (n % 4) {
    case 0: {
      const random = await client.random(64);
      return random.length === 64 && random.some((byte) => byte !== 0);
    }
    case 1: {
      const result = await client.crt({ input: bytesOf(input, 64), ...PARTS });
      return power(fromBytes(result), key.e, key.n) === input;
    }
    default: {
      const base = bytesOf(input, 64);
      const exponent = Uint8Array.of(3);
      const result = await client.modExpo({ base, exponent, modulus: bytesOf(key.n, 64) });
      return fromBytes(result) === input ** 3n;
    }
  }
}

/** What happens to the first guest's queues meanwhile, one after the other. */
function interferences(machine: Machine, { client, session }: Guest): (() => Promise<unknown>)[] {
  const card = (state: 'deconfigured' | 'configured' | 'busy'): Promise<void> => {
    machine.cards.get(6)?.setState(state);
    return Promise.resolve();
  };
  return [
    () => client.reset(0x504),
    () => client.zeroize(0x604),
    async () => session.access.reset(),
    () => machine.write(1, 'unassign_adapter', 5),
    () => machine.write(1, 'assign_adapter', 5),
    () => machine.write(1, 'unassign_domain', 4),
    () => machine.write(1, 'assign_domain', 4),
    () => card('busy'),
    () => card('configured'),
    () => card('deconfigured'),
    () => card('configured'),
    () => client.scan(),
  ];
}

describe.each<Way>([inThisProcess(), overTheSocket()])('$name', (way) => {
  test('each of some thousand requests ends once', async () => {
    await using pool = new WorkerPool(2);
    const cards = { 5: {}, 6: { depth: 4 }, 7: { mode: 'cca' } } as const;
    const domains = [4, 0x47, 0xab];
    await using machine = await Machine.of({ runner: pool, cards, domains }, way);
    await machine.create(1, [5, 6, 7], [4, 0xab]);
    await machine.create(2, [5, 7], [0x47]);
    const clock = new LinuxClock();
    const first = await machine.open(1, clock, { interval: 5 });
    const second = await machine.open(2, clock, { interval: 5 });
    const tallies = [new Tally(), new Tally()];
    const steps = interferences(machine, first);
    let disturbed: Promise<unknown> = Promise.resolve();
    const ended = (tally: Tally): void => {
      if (tally !== tallies[0] || tally.ended % EVERY !== 0) return;
      const step = steps[tally.ended / EVERY - 1];
      // A refusal is an answer too: the queue may be gone.
      if (step !== undefined) disturbed = disturbed.then(step).catch(() => undefined);
    };
    const run = async (guest: Guest, tally: Tally, n: number): Promise<void> => {
      try {
        if (!(await request(guest, n))) tally.wrong.push(n);
        tally.results++;
      } catch (error) {
        tally.error(error);
      }
      ended(tally);
    };
    const all = [first, second].flatMap((guest, i) => {
      const tally = tallies[i] ?? new Tally();
      return Array.from({ length: REQUESTS }, (_, n) => run(guest, tally, n));
    });
    await Promise.all(all);
    await disturbed;
    const [a, b] = tallies;
    expect(a?.wrong).toEqual([]);
    expect(a?.ended).toBe(REQUESTS);
    expect(a?.results).toBeGreaterThan(REQUESTS / 2);
    expect([...(a?.errors.keys() ?? [])].filter((code) => !DEFINED.has(code))).toEqual([]);
    expect(a?.errors.size).toBeGreaterThan(0);
    // Nothing of this happens to the other guest.
    expect(b).toMatchObject({ results: REQUESTS, wrong: [] });
  });
});
