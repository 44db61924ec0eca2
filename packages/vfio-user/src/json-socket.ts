// Something to tell to whoever asks: a socket on which each connection gets one JSON document and the end. Nothing that
// is sent there is read.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { VfioError, type Logger } from '@vfio-ts/core';
import { BoundSocket } from './bound-socket.ts';
import * as libc from './native/libc.ts';

/** Connections at once; more are closed. */
const MAX_CONNECTIONS = 16;
/** Milliseconds in which the other end has to do something. */
const TIMEOUT = 5000;
/** Characters of the longest answer that is taken. */
const MAX_LENGTH = 64 << 20;

/** A socket that tells something; its file can be opened by its owner alone, and is removed by `close`. */
export class JsonSocket<T = unknown> implements Disposable {
  readonly path: string;
  readonly #bound: BoundSocket;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  /**
   * Listens.
   *
   * @param tell - called for each connection, gives what JSON can hold; what it throws or rejects with closes the connection
   * @throws `EADDRINUSE` somebody listens there; `EINVAL` the path is too long; `ENOENT` no such folder; `EACCES`
   */
  constructor(path: string, tell: () => T | Promise<T>, logger: Logger) {
    const failed = (error: unknown): void =>
      logger.log('warn', 'socket', () => `${path} failed`, error);
    this.path = path;
    this.#bound = new BoundSocket(path, { mode: 0o600 });
    this.#server = createServer((socket) => {
      this.#accept(socket);
      Promise.try(tell).then(
        (told) => socket.end(`${JSON.stringify(told)}\n`),
        (error: unknown) => {
          failed(error);
          socket.destroy();
        },
      );
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('error', failed);
    // Node closes the descriptor it is given, so it gets one of its own.
    this.#server.listen({ fd: libc.dup(this.#bound.fd.number) });
    // Nobody serves this alone.
    this.#server.unref();
  }

  #accept(socket: Socket): void {
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    // Whoever goes away before it has read its answer does not want it.
    socket.on('error', () => socket.destroy());
    socket.setTimeout(TIMEOUT, () => socket.destroy());
    socket.unref();
    socket.resume();
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

/**
 * What somebody tells on such a socket.
 *
 * @throws `ENOENT`, `ECONNREFUSED`, `EACCES` as Node gives them; `ETIMEDOUT`; `EPROTO` something else answers there
 */
export async function readJsonSocket(path: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(path);
  let text = '';
  socket.setEncoding('utf8');
  socket.setTimeout(TIMEOUT, () => reject(new VfioError('ETIMEDOUT', 'readJsonSocket', path)));
  socket.on('data', (part: string) => {
    text += part;
    if (text.length > MAX_LENGTH) reject(new VfioError('EPROTO', 'readJsonSocket', 'too long'));
  });
  socket.on('error', reject);
  socket.on('end', () => resolve(text));
  try {
    return parse(await promise);
  } finally {
    socket.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VfioError('EPROTO', 'readJsonSocket', 'the answer is no JSON', { cause });
  }
}
