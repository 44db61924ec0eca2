// The shared conformance suite over a real socket: server, client, eventfds and memfds in one process.

import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Logger, SharedMemory, VfioDevice } from '@vfio-ts/core';
import type { Connector, DeviceHarness, Session, TestSignal } from '@vfio-ts/conformance';
import { VfioUserClient } from './client.ts';
import { socketPair } from './connect.ts';
import { EventFd } from './eventfd.ts';
import { LinuxClock } from './host.ts';
import { linuxClientHost, linuxSessionHost } from './linux-host.ts';
import { EventLoop } from './loop.ts';
import { MemfdBackend } from './memfd.ts';
import { servedDevice } from './serve.ts';
import { VfioUserServer } from './server.ts';
import type { SocketTransport } from './transport-socket.ts';

// Both ends are in this process: a wait in the loop would only keep the other end from running.
const loop: EventLoop = new EventLoop({ turn: 0 });

/** Turns of Node's loop that an end may take to notice that the other has gone. */
const TURNS = 10_000;

/** An eventfd whose count is still known when the client has passed its descriptor on. */
class WireSignal extends EventFd implements TestSignal {
  readonly #mine: EventFd;
  #count = 0;

  constructor(made: EventFd) {
    super(made.fd);
    this.#mine = new EventFd(made.fd.dup());
  }

  count(): number {
    this.#count += this.#mine.read();
    return this.#count;
  }

  override signal(): void {
    this.#mine.signal();
  }

  /** Closes the descriptor that the count is read from too. */
  end(): void {
    this.close();
    this.#mine.close();
  }
}

/** One client of one device. */
class WireSession implements Session {
  readonly access: VfioUserClient;
  readonly #server: VfioUserServer;
  readonly #before: ReadonlyMap<string, string>;
  readonly #guest = new MemfdBackend();
  readonly #memory: SharedMemory[] = [];
  readonly #signals: WireSignal[] = [];

  constructor(access: VfioUserClient, server: VfioUserServer, before: ReadonlyMap<string, string>) {
    this.access = access;
    this.#server = server;
    this.#before = before;
  }

  signal(): WireSignal {
    const signal = new WireSignal(EventFd.create());
    this.#signals.push(signal);
    return signal;
  }

  memory(size: number): SharedMemory {
    const memory = this.#guest.alloc('guest', size);
    this.#memory.push(memory);
    return memory;
  }

  async settle(): Promise<void> {
    // Messages are handled in their order, so an answer means that all before it had their effect.
    await this.access.getInfo();
    await turn();
  }

  async close(): Promise<void> {
    await this.access.close();
    for (let turns = 0; this.#server.connections > 0 && turns < TURNS; turns++) {
      // oxlint-disable-next-line no-await-in-loop
      await turn();
    }
    this.#server.close();
    for (const signal of this.#signals) signal.close();
    for (const memory of this.#memory) memory.close();
  }

  leaks(): readonly string[] {
    // Counts can be read until now, to see that nothing is signalled after the close.
    for (const signal of this.#signals) signal.end();
    return Array.from(descriptors())
      .filter(([number, what]) => this.#before.get(number) !== what)
      .map(([number, what]) => `descriptor ${number}: ${what}`);
  }
}

/** A device used as a VMM uses it: through a vfio-user server and client with a UNIX socket between them. */
export const wire: Connector = {
  name: 'over the wire',
  isInProcess: false,
  deviceMemory: new MemfdBackend(),
  async connect(vdev: VfioDevice): Promise<Session> {
    const before = descriptors();
    const { logger } = vdev.core;
    const [mine, theirs] = socketPair(loop);
    const server = serve(vdev, theirs, logger);
    try {
      // Real time: a message that is never answered must end the test, whatever the test's clock does.
      const host = linuxClientHost(new LinuxClock(), logger);
      return new WireSession(await VfioUserClient.attach(mine, { host }), server, before);
    } catch (error) {
      server.close();
      throw error;
    }
  },
};

/** The same driver, its device used over the wire; the tests of the kernel's path are left out. */
export function overTheWire<T extends object>(harness: DeviceHarness<T>): DeviceHarness<T> {
  return { ...harness, name: `${harness.name} ${wire.name}`, connector: wire };
}

function serve(vdev: VfioDevice, transport: SocketTransport, logger: Logger): VfioUserServer {
  const server = new VfioUserServer({
    device: servedDevice(vdev),
    source: {
      start: (accept) => accept(transport),
      close: () => undefined,
    },
    host: linuxSessionHost(undefined, loop),
    logger,
    clock: new LinuxClock(),
  });
  server.listen();
  return server;
}

/** Sockets, eventfds and memfds of this process by their numbers. */
function descriptors(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const number of readdirSync('/proc/self/fd')) {
    const what = target(number);
    if (/^(socket:|\/memfd:|anon_inode:\[eventfd\])/u.test(what)) found.set(number, what);
  }
  return found;
}

function target(number: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${number}`);
  } catch {
    // The listing's own descriptor is closed by now.
    return '';
  }
}
