// The thread of one device: loads its module, serves it, and gives everything back however it ends.

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { VfioCore, VfioError, type Logger } from '@vfio-ts/core';
import { linuxHost } from '../host.ts';
import { LevelLogger } from '../log.ts';
import { EventLoop } from '../loop.ts';
import { lstat } from '../native/libc.ts';
import { noteResources, releaseAll } from '../native/thread.ts';
import { serveDevice } from '../serve.ts';
import type { VfioUserServer } from '../server.ts';
import type { CreateDevice, WorkerDevice } from './device.ts';
import {
  isWorkerTask,
  tellError,
  type FromWorker,
  type ToldError,
  type ToWorker,
  type WorkerTask,
} from './messages.ts';

class DeviceThread {
  readonly #port: MessagePort;
  readonly #task: WorkerTask;
  readonly #core: VfioCore;
  readonly #loop: EventLoop;
  #device: WorkerDevice | undefined;
  #server: VfioUserServer | undefined;

  constructor(port: MessagePort, task: WorkerTask) {
    this.#port = port;
    this.#task = task;
    noteResources(task.notes);
    const logger = new LevelLogger(this.#logger(), task.listening.logLevel ?? 'debug');
    this.#loop = new EventLoop();
    this.#core = new VfioCore(linuxHost({ logger, clock: this.#loop.clock }), { trace: true });
  }

  async run(): Promise<void> {
    process.once('exit', () => this.#abandon());
    this.#port.on('message', (said: ToWorker) => this.#take(said));
    const { module, data, listening } = this.#task;
    try {
      const create = await load(module);
      this.#device = await create(this.#core, data);
      this.#server = serveDevice(this.#device.vdev, { ...listening, loop: this.#loop });
      this.#say({ kind: 'ready', identity: lstat(listening.path)?.identity });
    } catch (error) {
      this.#say({ kind: 'failed', error: tellError(error) });
      await this.#close();
    }
  }

  #take(said: ToWorker): void {
    switch (said.kind) {
      case 'stats':
        if (this.#server === undefined) return;
        this.#say({ kind: 'stats', id: said.id, stats: this.#server.stats() });
        return;
      case 'close':
        void this.#close();
    }
  }

  async #close(): Promise<void> {
    let error: ToldError | undefined;
    try {
      this.#server?.close();
      await this.#device?.close();
    } catch (thrown) {
      error = tellError(thrown);
    }
    this.#loop.close();
    const leaks = this.#core.leaks().map(({ kind, what }) => `${kind} ${what}`);
    releaseAll();
    this.#say({ kind: 'closed', leaks, ...(error && { error }) });
  }

  /** The thread ends without having been asked; nothing can be waited for any more. */
  #abandon(): void {
    try {
      this.#server?.close();
      this.#loop.close();
    } finally {
      releaseAll();
    }
  }

  #say(said: FromWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#port.postMessage(said);
  }

  #logger(): Logger {
    return {
      log: (level, component, message, error) => {
        const told = error === undefined ? {} : { error: tellError(error) };
        this.#say({ kind: 'log', level, component, message: message(), ...told });
      },
    };
  }
}

async function load(module: string): Promise<CreateDevice> {
  const loaded: { readonly createDevice?: unknown } = await import(module);
  const { createDevice } = loaded;
  if (!isCreateDevice(createDevice)) {
    throw new VfioError('EINVAL', 'serveInWorker', `${module} exports no function createDevice`);
  }
  return createDevice;
}

function isCreateDevice(value: unknown): value is CreateDevice {
  return typeof value === 'function';
}

const task: unknown = workerData;
if (parentPort !== null && isWorkerTask(task)) await new DeviceThread(parentPort, task).run();
