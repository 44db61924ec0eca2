// One device of the daemon: its process, and what comes after the end of that.
//
// Concepts: a device is `starting` until it is served, then `running`. When it ends without being told to, it is
// `waiting` and starts again after a while, or has `failed` when that would be of no use. `stop` leads from each of
// these by `stopping` to `stopped`, for good.

import type { Clock, Logger, Timer } from '@vfio-ts/core';
import { BackOff } from './backoff.ts';
import type {
  DeviceOrder,
  DeviceProcess,
  ProcessEnd,
  ReadyDevice,
  StartProcess,
} from './device-process.ts';

/** Milliseconds in which a device has to be served. */
const START_TIMEOUT = 30_000;
/** Milliseconds in which a device has to end. */
const STOP_TIMEOUT = 10_000;

/** What a device needs. */
export interface DeviceHost {
  readonly start: StartProcess;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Removes what a process that was killed has left of a socket. */
  readonly clean: (socket: string) => void;
}

/** Where a device is in its life. */
export type DeviceState = 'starting' | 'running' | 'waiting' | 'failed' | 'stopping' | 'stopped';

/** A device. */
export class ManagedDevice {
  readonly order: DeviceOrder;
  /** Resolves when it is served, rejects when its first process ends before that. */
  readonly first: Promise<ReadyDevice>;
  readonly #host: DeviceHost;
  readonly #keepTrying: boolean;
  readonly #backOff = new BackOff();
  readonly #first = Promise.withResolvers<ReadyDevice>();
  readonly #stopped = Promise.withResolvers<void>();
  #state: DeviceState = 'starting';
  #process: DeviceProcess | undefined;
  #ready: ReadyDevice | undefined;
  #timer: Timer | undefined;
  /** When it was served, or is to start again. */
  #at = 0;
  #starts = 0;
  #reason: string | undefined;

  /**
   * Starts it.
   *
   * @param keepTrying - also when it has not been served yet
   */
  constructor(order: DeviceOrder, keepTrying: boolean, host: DeviceHost) {
    this.order = order;
    this.#keepTrying = keepTrying;
    this.#host = host;
    this.first = this.#first.promise;
    // Whoever does not wait for the first start learns from the state.
    this.first.catch(() => undefined);
    this.#start();
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** What it said of itself, while it runs. */
  get ready(): ReadyDevice | undefined {
    return this.#ready;
  }

  /** Of its process, while there is one. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** How often it has been started again. */
  get restarts(): number {
    return this.#starts - 1;
  }

  /** Milliseconds for which it has been running. */
  get runs(): number | undefined {
    return this.#state === 'running' ? this.#host.clock.now() - this.#at : undefined;
  }

  /** Milliseconds until it is started again. */
  get startsIn(): number | undefined {
    return this.#state === 'waiting' ? Math.max(0, this.#at - this.#host.clock.now()) : undefined;
  }

  /** Why its last process ended by itself. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Ends it. Resolves when its process is gone; a second call waits for the same. */
  stop(): Promise<void> {
    if (this.#state === 'stopping' || this.#state === 'stopped') return this.#stopped.promise;
    this.#timer?.cancel();
    this.#first.reject(new Error('it was stopped before it was ready'));
    if (this.#process === undefined) {
      this.#enter('stopped');
      this.#stopped.resolve();
    } else {
      this.#enter('stopping');
      this.#process.stop();
      this.#killAfter(STOP_TIMEOUT, 'it did not end');
    }
    return this.#stopped.promise;
  }

  #start(): void {
    const { start } = this.#host;
    this.#enter('starting');
    this.#starts++;
    const process = start(this.order);
    this.#process = process;
    this.#killAfter(START_TIMEOUT, 'it was not ready');
    void process.ready.then((ready) => this.#onReady(ready));
    void process.ended.then((end) => this.#onEnd(end));
  }

  #killAfter(ms: number, fact: string): void {
    const { clock } = this.#host;
    this.#timer?.cancel();
    this.#timer = clock.after(ms, () => {
      this.#reason = `${fact} within ${ms / 1000} s`;
      this.#log('warn', `${this.#reason}; it is killed`);
      this.#process?.kill();
    });
  }

  #onReady(ready: ReadyDevice): void {
    if (this.#state !== 'starting') return;
    this.#timer?.cancel();
    this.#enter('running');
    this.#ready = ready;
    this.#at = this.#host.clock.now();
    this.#reason = undefined;
    this.#log('info', `runs as process ${this.pid}, served on ${this.order.socket}`);
    this.#first.resolve(ready);
  }

  #onEnd(end: ProcessEnd): void {
    const { clock, clean } = this.#host;
    const ran = this.runs ?? 0;
    this.#timer?.cancel();
    this.#process = undefined;
    this.#ready = undefined;
    clean(this.order.socket);
    if (this.#state === 'stopping') {
      this.#enter('stopped');
      this.#log('info', 'has stopped');
      this.#stopped.resolve();
      return;
    }
    const reason = (this.#state === 'starting' ? this.#reason : undefined) ?? end.reason;
    const wasServed = this.#state === 'running' || this.#starts > 1;
    this.#reason = reason;
    this.#first.reject(new Error(reason));
    if (end.isFinal || !(wasServed || this.#keepTrying)) {
      this.#enter('failed');
      this.#log('error', `failed: ${reason}`);
      return;
    }
    const wait = this.#backOff.after(ran);
    this.#enter('waiting');
    this.#at = clock.now() + wait;
    this.#timer = clock.after(wait, () => this.#start());
    this.#log('warn', `ended: ${reason}; it starts again in ${wait / 1000} s`);
  }

  #enter(state: DeviceState): void {
    this.#state = state;
  }

  #log(level: 'info' | 'warn' | 'error', text: string): void {
    this.#host.logger.log(level, this.order.uuid, () => text);
  }
}
