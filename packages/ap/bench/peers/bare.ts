// node:crypto and nothing else, in threads. `node bare.ts THREADS`, under a parent that says how many operations each
// thread is to do and is told how many milliseconds all of it took, and how long the loop was held up. The loop does the
// same a thousand times a second, for some fifth of a millisecond: what is said of it beyond that is not its own.

import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { compute, operation } from '../support/job.ts';
import { watchDelay, type HeldUp } from './delay.ts';

/** What is told of a round. */
export interface BareTold {
  readonly milliseconds: number;
  readonly heldUp: HeldUp;
}

function computeAll(): void {
  const job = operation();
  parentPort?.on('message', (count: number) => {
    for (let i = 0; i < count; i++) compute(job);
    tell(parentPort, 'done');
  });
  tell(parentPort, 'ready');
}

const STEPS = 150_000;
let outcome = 1;

/** The work of the loop. */
function workALittle(): void {
  for (let i = 0; i < STEPS; i++) outcome = Math.imul(outcome, 48_271) + i;
}

function tell(port: Pick<Worker, 'postMessage'> | null, what: unknown): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  port?.postMessage(what);
}

async function main(threads: number): Promise<void> {
  const workers = Array.from({ length: threads }, () => new Worker(new URL(import.meta.url)));
  const all = (): Promise<unknown> => Promise.all(workers.map((worker) => once(worker, 'message')));
  await all();
  async function round(count: number): Promise<void> {
    const endWatch = watchDelay();
    const work = setInterval(workALittle, 1);
    const begin = performance.now();
    const done = all();
    for (const worker of workers) tell(worker, count);
    await done;
    const told: BareTold = { milliseconds: performance.now() - begin, heldUp: endWatch() };
    clearInterval(work);
    process.send?.(told);
  }
  process.on('message', (count: number) => void round(count));
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}

if (isMainThread) await main(Number(process.argv[2]));
else computeAll();
