// Threads that compute for cards. Requests wait here in the order they came; each thread has one at work and a few at
// hand, so that it need not wait for this thread in between. Where more wait than threads can have, short ones go over
// together and come back together: each message wakes a thread, and the guest with it. Node gives out at once all that
// threads have sent, however much; what is to be done with it is done in turns.

import { Worker } from 'node:worker_threads';
import { VfioError, type Logger } from '@vfio-ts/core';
import { InTurns } from './in-turns.ts';
import type { CancelJob, Job, JobRunner } from './job.ts';
import { numbersOf, pack, packedSize, sizeInPack, unpack, type Numbers } from './pack.ts';
import type { FromWorker, ToWorker } from './pool-messages.ts';

const MAX_WORKERS = 64;
/**
 * Batches that a thread has to do before this one looks again: a loop that waits for messages looks once a millisecond.
 */
const AT_HAND = 4;
/** Bytes of a batch of several jobs: two private operations of RSA-2048. */
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

/** Jobs that went over together, in the memory in which their results come. */
interface Batch {
  readonly jobs: readonly Waiting[];
  readonly memory: SharedArrayBuffer;
}

/** A thread and what it has to do. */
class Thread {
  readonly worker: Worker;
  readonly given = new Map<number, Batch>();
  /** Of batches that are done, for those to come. */
  readonly #memory: SharedArrayBuffer[] = [];

  constructor(worker: Worker) {
    this.worker = worker;
  }

  /** Memory for so many bytes, which nobody uses. */
  takeMemory(size: number): SharedArrayBuffer {
    const kept = this.#memory.pop();
    if (kept !== undefined && kept.byteLength >= size) return kept;
    return new SharedArrayBuffer(Math.max(BATCH_SIZE, Math.ceil(size / 4) * 4));
  }

  giveMemory(memory: SharedArrayBuffer): void {
    this.#memory.push(memory);
  }
}

/** A batch that is done, and the thread that has done it. */
interface Finished {
  readonly thread: Thread;
  readonly batch: Batch;
}

/** A fixed number of threads. They do not keep the process alive when they have nothing to do. */
export class WorkerPool implements JobRunner, AsyncDisposable {
  readonly #size: number;
  readonly #entry: URL;
  readonly #logger: Logger;
  readonly #threads = new Set<Thread>();
  readonly #waiting = new Set<Waiting>();
  readonly #exits = new Set<Promise<void>>();
  readonly #finished = new InTurns<Finished>((finished) => this.#finish(finished));
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
    this.#finished.clear();
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
      const jobs = this.#nextJobs();
      const lists = jobs.map(({ numbers }) => numbers);
      const memory = thread.takeMemory(packedSize(lists));
      pack(lists, memory);
      const id = this.#nextId++;
      if (thread.given.size === 0) thread.worker.ref();
      thread.given.set(id, { jobs, memory });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.worker.postMessage({ id, memory } satisfies ToWorker);
    }
  }

  /** Takes what has waited longest: one job, or several short ones. */
  #nextJobs(): readonly Waiting[] {
    const jobs: Waiting[] = [];
    let size = packedSize([]);
    for (const waiting of this.#waiting) {
      size += sizeInPack(waiting.numbers);
      if (jobs.length > 0 && size > BATCH_SIZE) break;
      this.#waiting.delete(waiting);
      jobs.push(waiting);
    }
    return jobs;
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

  #take(thread: Thread, { id }: FromWorker): void {
    const batch = thread.given.get(id);
    if (batch === undefined) return;
    thread.given.delete(id);
    if (thread.given.size === 0) thread.worker.unref();
    this.#finished.push({ thread, batch });
  }

  #finish({ thread, batch }: Finished): void {
    this.#hand();
    const results = unpack(batch.memory);
    for (const [i, { isCancelled, done }] of batch.jobs.entries()) {
      if (!isCancelled) done(results[i]?.[0]);
    }
    thread.giveMemory(batch.memory);
  }

  /** A thread is gone: what it had cannot be done, and what waits goes to others. */
  #lost(thread: Thread): void {
    this.#threads.delete(thread);
    const lost = [...thread.given.values()].flatMap(({ jobs }) => jobs);
    if (!this.#isClosed) {
      this.#logger.log('warn', 'ap', () => `a thread has ended with ${lost.length} requests`);
    }
    for (const { isCancelled, done } of lost) if (!isCancelled) done(undefined);
    if (!this.#isClosed) this.#hand();
  }
}
