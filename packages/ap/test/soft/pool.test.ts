import type { Logger } from '@vfio-ts/core';
import { expect, test } from 'vitest';
import { SoftCard } from '../../src/soft/card.ts';
import type { Job, ModExpoJob } from '../../src/soft/job.ts';
import { WorkerPool } from '../../src/soft/pool.ts';
import type { SoftQueue } from '../../src/soft/queue.ts';
import { rsaKey } from './support/keys.ts';
import { bytesOf, fromBytes, power } from './support/numbers.ts';
import { modExpoRequest, receive50 } from './support/zcrypt50.ts';

const { n, d } = rsaKey(512);

function jobOf(base: bigint): ModExpoJob {
  return {
    kind: 'modexpo',
    base: bytesOf(base, 64),
    exponent: bytesOf(d, 64),
    modulus: bytesOf(n, 64),
  };
}

function run(pool: WorkerPool, job: Job): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    pool.submit(job, (result) => resolve(result?.slice()));
  });
}

test('threads compute what they are given', async () => {
  await using pool = new WorkerPool(2);
  const bases = Array.from({ length: 40 }, (_, i) => BigInt(i));
  const results = await Promise.all(bases.map((base) => run(pool, jobOf(base))));
  expect(results.map((result) => result && fromBytes(result))).toEqual(
    bases.map((base) => power(base, d, n)),
  );
});

test('a job that cannot be done ends without a result, and the next is done', async () => {
  await using pool = new WorkerPool(1);
  const impossible: Job = { ...jobOf(1n), modulus: new Uint8Array(0) };
  const results = await Promise.all([run(pool, impossible), run(pool, jobOf(1n))]);
  expect(results).toEqual([undefined, bytesOf(1n, 64)]);
});

test('one of many that cannot be done takes no other with it', async () => {
  await using pool = new WorkerPool(1);
  const bases = Array.from({ length: 30 }, (_, i) => BigInt(i));
  const results = await Promise.all(
    bases.map((base) => {
      const job = jobOf(base);
      return run(pool, base === 17n ? { ...job, modulus: new Uint8Array(0) } : job);
    }),
  );
  expect(results.map((result) => result && fromBytes(result))).toEqual(
    bases.map((base) => (base === 17n ? undefined : power(base, d, n))),
  );
});

test('a job taken back is never done, whether it waited or not', async () => {
  await using pool = new WorkerPool(1);
  const done: number[] = [];
  const cancels = [0, 1, 2, 3].map((i) => pool.submit(jobOf(2n), () => done.push(i)));
  for (const cancel of cancels) cancel();
  await run(pool, jobOf(3n));
  expect(done).toEqual([]);
});

test('jobs of threads that end by themselves end without a result', async () => {
  const entry = new URL('data:text/javascript,process.exit(3)');
  await using pool = new WorkerPool(2, { entry });
  const results = await Promise.all([0n, 1n, 2n, 3n, 4n].map((base) => run(pool, jobOf(base))));
  expect(results).toEqual(Array(5).fill(undefined));
});

test('a thread that has ended is replaced by another, and the log says so', async () => {
  const worker = new URL('../../src/soft/pool-worker.ts', import.meta.url).href;
  const dying = `import { parentPort } from 'node:worker_threads';
    parentPort.once('message', ({ id }) => { if (id === 1) process.exit(3); });
    await import('${worker}');`;
  const entry = new URL(`data:text/javascript,${encodeURIComponent(dying)}`);
  const lines: string[] = [];
  const logger: Logger = { log: (level, _, message) => lines.push(`${level}: ${message()}`) };
  await using pool = new WorkerPool(1, { entry, logger });
  expect(await run(pool, jobOf(1n))).toBeUndefined();
  expect(lines).toEqual(['warn: a thread has ended with 1 requests']);
  expect(await run(pool, jobOf(1n))).toEqual(bytesOf(1n, 64));
});

test('closing ends the threads, and nothing is called any more', async () => {
  const pool = new WorkerPool(2);
  const done: unknown[] = [];
  for (let i = 0; i < 10; i++) pool.submit(jobOf(BigInt(i)), (result) => done.push(result));
  await pool.close();
  await pool.close();
  pool.submit(jobOf(1n), (result) => done.push(result))();
  expect(done).toEqual([]);
});

test.each([0, -1, 1.5, 65])('a pool of %d threads is EINVAL', (size) => {
  expect(() => new WorkerPool(size)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

/** Sends requests and takes replies until each has ended: by a reply, or because a reset has dropped it. */
class Driver {
  readonly #queue: SoftQueue;
  readonly #inside = new Map<bigint, bigint>();
  readonly #allDone = Promise.withResolvers<void>();
  #rest: number;
  replies = 0;
  dropped = 0;
  readonly wrong: bigint[] = [];

  constructor(queue: SoftQueue, count: number) {
    this.#queue = queue;
    this.#rest = count;
  }

  run(): Promise<void> {
    this.#queue.setInterrupt(() => queueMicrotask(() => this.#take()));
    this.#fill();
    return this.#allDone.promise;
  }

  reset(): void {
    this.#queue.zeroize();
    this.dropped += this.#inside.size;
    this.#inside.clear();
    this.#queue.setInterrupt(() => queueMicrotask(() => this.#take()));
    this.#fill();
  }

  #fill(): void {
    while (this.#rest > 0) {
      const psmid = BigInt(this.#rest);
      const bytes = modExpoRequest(psmid, d, n, 64);
      if (this.#queue.enqueue({ psmid, bytes }).responseCode !== 0) return;
      this.#inside.set(psmid, power(psmid, d, n));
      this.#rest--;
    }
    if (this.#inside.size === 0) this.#allDone.resolve();
  }

  #take(): void {
    for (let { message } = this.#queue.dequeue(); message; { message } = this.#queue.dequeue()) {
      const expected = this.#inside.get(message.psmid);
      const received = receive50(message.bytes, 64);
      const isRight = 'result' in received && received.result === expected;
      if (!isRight || !this.#inside.delete(message.psmid)) this.wrong.push(message.psmid);
      this.replies++;
      if (this.replies % 37 === 0) this.reset();
    }
    this.#fill();
  }
}

test('each request of many over several queues ends exactly once, or a reset drops it', async () => {
  await using pool = new WorkerPool(2);
  using card = new SoftCard({ mode: 'accelerator', runner: pool });
  using other = new SoftCard({ mode: 'accelerator', runner: pool, depth: 3 });
  const queues = [card.queue(0), card.queue(1), other.queue(0)].filter(
    (queue) => queue !== undefined,
  );
  const drivers = queues.map((queue) => new Driver(queue, 300));
  await Promise.all(drivers.map((driver) => driver.run()));
  for (const driver of drivers) {
    expect(driver.wrong).toEqual([]);
    expect(driver.replies + driver.dropped).toBe(300);
    expect(driver.dropped).toBeGreaterThan(0);
  }
});
