// A listening socket that tells something to this user alone, beside the device's. Nothing that is sent there is read.

import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '@vfio-ts/core';
import { BoundSocket } from './bound-socket.ts';
import * as libc from './native/libc.ts';

/** Connections at once; more are closed. */
const MAX_CONNECTIONS = 16;

/** A socket whose file can be opened by its owner alone, and is removed by `close`. */
export class TellingSocket implements Disposable {
  readonly path: string;
  readonly #bound: BoundSocket;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  /**
   * Listens.
   *
   * @param accept - called for each connection, which is ended with the socket
   * @throws `EADDRINUSE` somebody listens there; `EINVAL` the path is too long; `ENOENT` no such folder; `EACCES`
   */
  constructor(path: string, accept: (socket: Socket) => void, logger: Logger) {
    this.path = path;
    this.#bound = new BoundSocket(path, { mode: 0o600 });
    this.#server = createServer((socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      // Whoever goes away before it has read what it is told does not want it.
      socket.on('error', () => socket.destroy());
      socket.unref();
      accept(socket);
      socket.resume();
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('error', (error) =>
      logger.log('warn', 'socket', () => `${path} failed`, error),
    );
    // Node closes the descriptor it is given, so it gets one of its own.
    this.#server.listen({ fd: libc.dup(this.#bound.fd.number) });
    // Nobody serves this alone.
    this.#server.unref();
  }

  /** Ends all connections and removes the file. A second call does nothing. */
  close(): void {
    if (this.#bound.fd.number < 0) return;
    this.#bound.close();
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
