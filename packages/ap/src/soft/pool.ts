// Threads that compute for cards. Requests wait here in the order they came; each thread has one at work and a few at
// hand, so that it need not wait for this thread in between. Where more wait than threads can have, short ones go over
// together and come back together: each message wakes a thread, and the guest with it.

import { Worker } from 'node:worker_threads';
import { VfioError, type Logger } from '@vfio-ts/core';
import type { CancelJob, Job, JobRunner } from './job.ts';
import { numbersOf, pack, unpack, type Numbers } from './pack.ts';
import type { FromWorker, ToWorker } from './pool-messages.ts';

const MAX_WORKERS = 64;
/**
 * Batches that a thread has to do before this one looks again: a loop that waits for messages looks once a millisecond.
 */
const AT_HAND = 4;
/** Bytes of all numbers of the jobs in a batch of several: two private operations of RSA-2048. */
const BATCH_SIZE = 2048;
const ENTRY: URL = import.meta.url.endsWith('.ts')
  ? new URL('./pool-worker.ts', import.meta.url)
  : new URL('./pool-worker.js', import.meta.url);

/** What can be replaced in a {@link WorkerPool}. */
export interface WorkerPoolOptions {
  /** Takes a line for each thread that ends by itself; nobody does when left out. */
  readonly logger?: Logger;
  /** Module of the threads. */
  readonly entry?: URL;
}

const silent: Logger = { log: () => undefined };

type Done = (result: Uint8Array | undefined) => void;

interface Waiting {
  readonly numbers: Numbers;
  readonly done: Done;
  isCancelled: boolean;
}

type Batch = readonly Waiting[];

/** A thread and what it has to do. */
class Thread {
  readonly worker: Worker;
  readonly given = new Map<number, Batch>();

  constructor(worker: Worker) {
    this.worker = worker;
  }
}

/** A fixed number of threads. They do not keep the process alive when they have nothing to do. */
export class WorkerPool implements JobRunner, AsyncDisposable {
  readonly #size: number;
  readonly #entry: URL;
  readonly #logger: Logger;
  readonly #threads = new Set<Thread>();
  readonly #waiting = new Set<Waiting>();
  readonly #exits = new Set<Promise<void>>();
  #nextId = 1;
  #isClosed = false;

  /**
   * @param size - how many threads, 1 to 64; they start when there is work
   * @throws `EINVAL` another number of threads
   */
  constructor(size: number, { logger = silent, entry = ENTRY }: WorkerPoolOptions = {}) {
    if (!Number.isInteger(size) || size < 1 || size > MAX_WORKERS) {
      throw new VfioError('EINVAL', 'WorkerPool', `${size} threads are not 1 to ${MAX_WORKERS}`);
    }
    this.#size = size;
    this.#entry = entry;
    this.#logger = logger;
  }

  /** As {@link JobRunner.submit}. A closed pool does nothing with a job, and never calls `done`. */
  submit(job: Job, done: (result: Uint8Array | undefined) => void): CancelJob {
    const waiting: Waiting = { numbers: numbersOf(job), done, isCancelled: false };
    if (this.#isClosed) return () => undefined;
    this.#waiting.add(waiting);
    this.#hand();
    return () => {
      waiting.isCancelled = true;
      this.#waiting.delete(waiting);
    };
  }

  /** Ends the threads, whatever they do; no `done` is called any more. A second call waits for the same. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.clear();
    for (const { worker, given } of this.#threads) {
      given.clear();
      void worker.terminate();
    }
    await Promise.all(this.#exits);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Gives what waits to the threads that have least to do. */
  #hand(): void {
    while (this.#waiting.size > 0) {
      const thread = this.#freest();
      if (thread === undefined) return;
      const batch = this.#nextBatch();
      const id = this.#nextId++;
      if (thread.given.size === 0) thread.worker.ref();
      thread.given.set(id, batch);
      const jobs = pack(batch.map(({ numbers }) => numbers));
      const said: ToWorker = { id, jobs };
      thread.worker.postMessage(said, [jobs.buffer]);
    }
  }

  /** Takes what has waited longest: one job, or several short ones. */
  #nextBatch(): Batch {
    const batch: Waiting[] = [];
    let size = 0;
    for (const waiting of this.#waiting) {
      size += sizeOf(waiting);
      if (batch.length > 0 && size > BATCH_SIZE) break;
      this.#waiting.delete(waiting);
      batch.push(waiting);
    }
    return batch;
  }

  /** The thread to give the next batch to; none while all have enough. */
  #freest(): Thread | undefined {
    let freest: Thread | undefined;
    for (const thread of this.#threads) {
      if (freest === undefined || thread.given.size < freest.given.size) freest = thread;
    }
    if (freest?.given.size === 0) return freest;
    if (this.#threads.size < this.#size) return this.#start();
    return freest !== undefined && freest.given.size < AT_HAND ? freest : undefined;
  }

  #start(): Thread {
    const worker = new Worker(this.#entry, { execArgv: [] });
    const thread = new Thread(worker);
    const exited = Promise.withResolvers<void>();
    worker.unref();
    worker.on('message', (said: FromWorker) => this.#take(thread, said));
    worker.on('error', (error) => {
      this.#logger.log('error', 'ap', () => 'a thread that computes has failed', error);
    });
    worker.once('exit', () => {
      this.#exits.delete(exited.promise);
      exited.resolve();
      this.#lost(thread);
    });
    this.#exits.add(exited.promise);
    this.#threads.add(thread);
    return thread;
  }

  #take(thread: Thread, { id, results }: FromWorker): void {
    const batch = thread.given.get(id);
    if (batch === undefined) return;
    thread.given.delete(id);
    if (thread.given.size === 0) thread.worker.unref();
    this.#hand();
    const numbers = unpack(results);
    for (const [i, { isCancelled, done }] of batch.entries()) {
      if (!isCancelled) done(numbers[i]?.[0]);
    }
  }

  /** A thread is gone: what it had cannot be done, and what waits goes to others. */
  #lost(thread: Thread): void {
    this.#threads.delete(thread);
    const lost = [...thread.given.values()].flat();
    if (!this.#isClosed) {
      this.#logger.log('warn', 'ap', () => `a thread has ended with ${lost.length} requests`);
    }
    for (const { isCancelled, done } of lost) if (!isCancelled) done(undefined);
    if (!this.#isClosed) this.#hand();
  }
}

function sizeOf({ numbers }: Waiting): number {
  return numbers.reduce((size, { length }) => size + length, 0);
}
