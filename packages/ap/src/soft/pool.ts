// Threads that compute for cards. Requests wait here in the order they came; each thread has one at work and a few at
// hand, so that it need not wait for this thread in between.

import { Worker } from 'node:worker_threads';
import { VfioError, type Logger } from '@vfio-ts/core';
import type { CancelJob, Job, JobRunner } from './job.ts';
import { packJob } from './pack.ts';
import type { FromWorker, ToWorker } from './pool-messages.ts';

const MAX_WORKERS = 64;
/** What a thread has to do before this one looks again: a loop that waits for messages looks once a millisecond. */
const AT_HAND = 4;
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
  readonly job: Job;
  readonly done: Done;
  isCancelled: boolean;
}

/** A thread and what it has to do. */
class Thread {
  readonly worker: Worker;
  readonly given = new Map<number, Waiting>();

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
    const waiting: Waiting = { job, done, isCancelled: false };
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
    for (const waiting of this.#waiting) {
      const thread = this.#freest();
      if (thread === undefined) return;
      this.#waiting.delete(waiting);
      const id = this.#nextId++;
      if (thread.given.size === 0) thread.worker.ref();
      thread.given.set(id, waiting);
      const { job, buffer } = packJob(waiting.job);
      const said: ToWorker = { id, job };
      thread.worker.postMessage(said, [buffer]);
    }
  }

  /** The thread to give the next job to; none while all have enough. */
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

  #take(thread: Thread, { id, result }: FromWorker): void {
    const waiting = thread.given.get(id);
    if (waiting === undefined) return;
    thread.given.delete(id);
    if (thread.given.size === 0) thread.worker.unref();
    this.#hand();
    if (!waiting.isCancelled) waiting.done(result);
  }

  /** A thread is gone: what it had cannot be done, and what waits goes to others. */
  #lost(thread: Thread): void {
    this.#threads.delete(thread);
    if (!this.#isClosed) {
      this.#logger.log('warn', 'ap', () => `a thread has ended with ${thread.given.size} requests`);
    }
    for (const { isCancelled, done } of thread.given.values()) if (!isCancelled) done(undefined);
    if (!this.#isClosed) this.#hand();
  }
}
