// The same programs on a DASD that another process serves.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  type SharedMemory,
} from '@vfio-ts/core';
import {
  connect,
  EventLoop,
  linuxClientHost,
  linuxHost,
  VfioUserClient,
  watchedSignals,
} from '@vfio-ts/vfio-user';
import { checkIrb, ioRequest, IRB_BYTES, MEMORY_SIZE } from './program.ts';

const SERVER = fileURLToPath(new URL('../../test/e2e/dasd-server.ts', import.meta.url));

/** The guest. */
export class OverSocket implements AsyncDisposable {
  readonly memory: SharedMemory;
  readonly #access: VfioUserClient;
  readonly #undo: AsyncDisposableStack;
  readonly #irb = new Uint8Array(IRB_BYTES);
  readonly #request = ioRequest(0);
  #signalled = Promise.withResolvers<void>();

  private constructor(access: VfioUserClient, memory: SharedMemory, undo: AsyncDisposableStack) {
    this.#access = access;
    this.memory = memory;
    this.#undo = undo;
  }

  /** Starts the server. @param socket - where it is to listen */
  static async open(image: string, socket: string): Promise<OverSocket> {
    await using undo = new AsyncDisposableStack();
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const server = spawn(process.execPath, [SERVER, image, socket], { stdio: [...stdio] });
    undo.defer(async () => {
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    });
    if (server.stdout === null) throw new Error('no output');
    await once(server.stdout, 'data');
    const { memory: backend, clock, logger } = linuxHost();
    const loop = new EventLoop();
    const host = linuxClientHost(clock, logger);
    const access = undo.use(await VfioUserClient.attach(connect(socket, loop), { host }));
    const memory = backend.alloc('guest', MEMORY_SIZE);
    undo.defer(() => memory.close());
    const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
    await access.mapDma({ iova: 0, size: MEMORY_SIZE, flags, memory });
    const guest = new OverSocket(access, memory, undo.move());
    const pair = watchedSignals(loop)(() => guest.#signalled.resolve());
    guest.#undo.defer(() => pair.close());
    await access.setIrqs({
      flags: VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
      index: 0,
      start: 0,
      count: 1,
      signals: [pair.signal],
    });
    return guest;
  }

  /** Runs the program at address 0 to its IRB. @throws Error it ended otherwise than well */
  async run(): Promise<void> {
    this.#signalled = Promise.withResolvers();
    await this.#access.write(0, 0, this.#request);
    await this.#signalled.promise;
    await this.#access.read(0, 24, this.#irb);
    checkIrb(this.#irb);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#undo.disposeAsync();
  }
}
