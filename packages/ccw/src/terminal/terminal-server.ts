// Where terminals connect to a display station: a TCP port, on this machine only unless it is told otherwise.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Clock, Logger } from '@vfio-ts/core';
import type { Terminal3270 } from './terminal-3270.ts';
import { Tn3270Session } from './tn3270-session.ts';

/** Who is no terminal by then is let go: the next one may be. */
const NEGOTIATION_MS = 10_000;

/** How to listen. */
export interface TerminalServerOptions {
  /** 0, which it is when left out, takes any that is free. */
  readonly port?: number;
  /** The loopback address when left out. Whoever can reach it can use the terminal. */
  readonly host?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Gives one terminal at a time to a display station; others are turned away. */
export class TerminalServer implements AsyncDisposable {
  readonly #unit: Terminal3270;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #server: Server;
  #socket: Socket | undefined;

  private constructor(unit: Terminal3270, clock: Clock, logger: Logger) {
    this.#unit = unit;
    this.#clock = clock;
    this.#logger = logger;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens. @throws `EADDRINUSE`, `EACCES`, as Node gives them */
  static async listen(
    unit: Terminal3270,
    { port = 0, host = '127.0.0.1', clock, logger }: TerminalServerOptions,
  ): Promise<TerminalServer> {
    const terminals = new TerminalServer(unit, clock, logger);
    terminals.#server.listen(port, host);
    await once(terminals.#server, 'listening');
    return terminals;
  }

  /** Where it listens. */
  get address(): AddressInfo {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address;
  }

  /** Ends the terminal's connection, and listens no more. */
  async close(): Promise<void> {
    this.#socket?.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    const from = `${socket.remoteAddress}:${socket.remotePort}`;
    if (this.#socket !== undefined) {
      this.#logger.log('info', this.#unit.name, () => `${from} turned away: there is a terminal`);
      socket.destroy();
      return;
    }
    this.#socket = socket;
    const late = this.#clock.after(NEGOTIATION_MS, () => socket.destroy());
    const session = new Tn3270Session(socket, {
      ready: (type) => {
        late.cancel();
        this.#logger.log('info', this.#unit.name, () => `terminal ${type} from ${from}`);
        this.#unit.connect(session);
      },
      record: (bytes) => this.#unit.received(bytes),
      closed: () => {
        late.cancel();
        this.#socket = undefined;
        this.#unit.disconnect();
        this.#logger.log('info', this.#unit.name, () => `${from} is gone`);
      },
    });
  }
}
