// A device served in a thread of its own, which has a core, a loop and a processor to itself.

import { Worker } from 'node:worker_threads';
import { VfioError, type Logger } from '@vfio-ts/core';
import * as libc from '../native/libc.ts';
import { leftFds, threadNotes } from '../native/thread.ts';
import type { ServerStats } from '../stats/stats.ts';
import {
  toldError,
  workerError,
  type FromWorker,
  type ToWorker,
  type WorkerListening,
  type WorkerTask,
} from './messages.ts';

/** How a device is served in a thread of its own. Everything but `logger` is copied into the thread. */
export interface WorkerServeOptions extends WorkerListening {
  /** For the module's `createDevice`: anything that can be cloned. */
  readonly data?: unknown;
  /** Takes the log lines of the thread; nobody does when left out. */
  readonly logger?: Logger;
  /** Milliseconds that a close may take; the thread is ended then, whatever it does. 5000 when left out. */
  readonly closeTimeout?: number;
}

/** Why a thread has ended. */
export interface WorkerEnd {
  /**
   * `closed`: by {@link WorkerServer.close}. `failed`: the device could not be made or served. `crashed`: something
   * was thrown that nobody caught. `exited`: the thread ended itself. `killed`: it did not close in time.
   */
  readonly reason: 'closed' | 'failed' | 'crashed' | 'exited' | 'killed';
  /** What was thrown; for `failed` and `crashed`, and for a close that failed. */
  readonly error?: Error;
  readonly exitCode: number;
}

const CLOSE_TIMEOUT = 5000;
const ENTRY: URL = import.meta.url.endsWith('.ts')
  ? new URL('./entry.ts', import.meta.url)
  : new URL('./entry.js', import.meta.url);

const silent: Logger = { log: () => undefined };

/** A device in a thread of its own, as the thread that started it sees it. */
export class WorkerServer implements AsyncDisposable {
  /** Where the socket's file is. */
  readonly path: string;
  /** Settles when clients can connect. Rejects when the thread ends before, with the reason as `cause`. */
  readonly ready: Promise<void>;
  /** Settles once the thread has ended and nothing of it is left; never rejects. */
  readonly terminated: Promise<WorkerEnd>;
  readonly #worker: Worker;
  readonly #logger: Logger;
  readonly #closeTimeout: number;
  readonly #notes: SharedArrayBuffer;
  readonly #ready = Promise.withResolvers<void>();
  readonly #terminated = Promise.withResolvers<WorkerEnd>();
  readonly #stats = new Map<number, PromiseWithResolvers<ServerStats>>();
  #nextId = 1;
  #identity: string | undefined;
  #isClosing = false;
  #isOver = false;
  #end: Omit<WorkerEnd, 'exitCode'> | undefined;

  /** Use {@link serveInWorker}. */
  constructor(module: URL, options: WorkerServeOptions) {
    const { data, logger = silent, closeTimeout = CLOSE_TIMEOUT, ...listening } = options;
    this.path = listening.path;
    this.ready = this.#ready.promise;
    this.terminated = this.#terminated.promise;
    this.#logger = logger;
    this.#closeTimeout = closeTimeout;
    this.#notes = threadNotes();
    const task: WorkerTask = { module: module.href, data, listening, notes: this.#notes };
    this.#worker = new Worker(ENTRY, { workerData: task });
    this.#worker.on('message', (said: FromWorker) => this.#take(said));
    this.#worker.on('error', (error) => {
      this.#end = { reason: 'crashed', error: asError(error) };
    });
    this.#worker.once('exit', (exitCode) => this.#over(exitCode));
    // Whoever does not wait for it learns from `terminated`.
    this.ready.catch(() => undefined);
  }

  /** What has passed through. @throws `ENOTCONN` the thread has ended */
  async stats(): Promise<ServerStats> {
    await this.ready;
    if (this.#isOver) throw this.#gone();
    const id = this.#nextId++;
    const asked = Promise.withResolvers<ServerStats>();
    this.#stats.set(id, asked);
    this.#say({ kind: 'stats', id });
    return asked.promise;
  }

  /** Ends the clients and the thread; settles once nothing of it is left. A second call waits for the same. */
  async close(): Promise<void> {
    if (!this.#isClosing && !this.#isOver) {
      this.#isClosing = true;
      this.#say({ kind: 'close' });
      const timer = setTimeout(() => this.#kill(), this.#closeTimeout);
      await this.terminated;
      clearTimeout(timer);
    }
    await this.terminated;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(said: FromWorker): void {
    switch (said.kind) {
      case 'ready':
        this.#identity = said.identity;
        this.#ready.resolve();
        return;
      case 'failed':
        this.#end = { reason: 'failed', error: workerError(said.error) };
        return;
      case 'stats':
        this.#stats.get(said.id)?.resolve(said.stats);
        this.#stats.delete(said.id);
        return;
      case 'log': {
        const { level, component, message, error } = said;
        this.#logger.log(level, component, () => message, error && toldError(error));
        return;
      }
      case 'closed':
        for (const leak of said.leaks) this.#logger.log('warn', this.path, () => `leak: ${leak}`);
        this.#end ??= { reason: 'closed', ...(said.error && { error: toldError(said.error) }) };
        // It has given everything back, and may have timers that would keep it.
        void this.#worker.terminate();
    }
  }

  #kill(): void {
    this.#end ??= { reason: 'killed' };
    void this.#worker.terminate();
  }

  #over(exitCode: number): void {
    this.#isOver = true;
    const end: WorkerEnd = { ...(this.#end ?? { reason: 'exited' }), exitCode };
    this.#cleanUp();
    if (end.reason !== 'closed') {
      const message = (): string => `the thread of ${this.path} has ${end.reason}`;
      this.#logger.log('error', 'worker', message, end.error);
    }
    const gone = this.#gone(end.error);
    this.#ready.reject(end.reason === 'failed' && end.error !== undefined ? end.error : gone);
    for (const asked of this.#stats.values()) asked.reject(gone);
    this.#stats.clear();
    this.#terminated.resolve(end);
  }

  /** The thread is gone, and nobody else can own what it had. */
  #cleanUp(): void {
    // Must precede the closing of descriptors: the file would lead nowhere.
    if (this.#identity !== undefined && libc.lstat(this.path)?.identity === this.#identity) {
      libc.unlink(this.path);
    }
    for (const number of leftFds(this.#notes)) libc.close(number);
  }

  #gone(cause?: Error): VfioError {
    const fact = `the thread of ${this.path} has ended`;
    return new VfioError('ENOTCONN', 'serveInWorker', fact, cause && { cause });
  }

  #say(said: ToWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(said);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * Serves a device in a thread of its own. The module is loaded there and its `createDevice` called, see
 * {@link CreateDevice}. A device that fails takes its thread with it, and nothing else.
 *
 * @param module - URL of the device's module, `new URL('./my-device.js', import.meta.url)`
 */
export function serveInWorker(module: URL, options: WorkerServeOptions): WorkerServer {
  return new WorkerServer(module, options);
}
