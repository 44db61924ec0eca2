// A UNIX socket that clients connect to.

import { BoundSocket, type BoundSocketOptions } from './bound-socket.ts';
import { OwnedFd } from './fd.ts';
import type { EventLoop, LoopRegistration } from './loop.ts';
import { WOULD_BLOCK } from './native/failure.ts';
import * as libc from './native/libc.ts';
import { SocketTransport, type SocketTransportOptions } from './transport-socket.ts';

/** How a listener listens. */
export interface ListenerOptions extends SocketTransportOptions, BoundSocketOptions {
  /** A connection that could not be taken, or a handler that threw; the listener goes on. */
  readonly onError?: (error: unknown) => void;
}

/** Connections accepted before other sources have their turn. */
const ACCEPTS_PER_TURN = 16;

/** A listening UNIX socket. Its file is removed by `close`. */
export class Listener {
  /** Where it listens. */
  readonly path: string;
  readonly #socket: BoundSocket;
  readonly #registration: LoopRegistration;
  readonly #loop: EventLoop;
  readonly #options: ListenerOptions;
  readonly #onConnection: (transport: SocketTransport) => void;

  /**
   * Listens at `path`. A socket file nobody listens at is replaced.
   *
   * @param onConnection - owns the transport, which it starts or closes
   * @throws `EINVAL` path too long or empty, `EADDRINUSE` somebody listens there or the file is not a socket,
   *   `ENOENT` no such folder, `EACCES`
   */
  constructor(
    path: string,
    loop: EventLoop,
    onConnection: (transport: SocketTransport) => void,
    options: ListenerOptions = {},
  ) {
    this.path = path;
    this.#loop = loop;
    this.#onConnection = onConnection;
    this.#options = options;
    const socket = new BoundSocket(path, options);
    this.#socket = socket;
    try {
      this.#registration = loop.add({
        fd: socket.fd.number,
        onReadable: () => this.#acceptSome(),
        onError: (error) => options.onError?.(error),
      });
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** The listening descriptor; -1 once closed. */
  get fd(): number {
    return this.#socket.fd.number;
  }

  #acceptSome(): void {
    for (let count = 0; count < ACCEPTS_PER_TURN && this.#socket.fd.number >= 0; count++) {
      const number = libc.accept(this.#socket.fd.number);
      if (number === WOULD_BLOCK) return;
      this.#connected(new OwnedFd(number));
    }
  }

  #connected(socket: OwnedFd): void {
    let transport: SocketTransport;
    try {
      transport = new SocketTransport(socket, this.#loop, this.#options);
    } catch (error) {
      socket.close();
      throw error;
    }
    try {
      this.#onConnection(transport);
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  /**
   * Stops listening and removes the file, if it is still this listener's. A second call does nothing.
   *
   * @throws `EACCES`, `EROFS` the file stays; it is closed all the same
   */
  close(): void {
    if (this.#socket.fd.number < 0) return;
    this.#registration.remove();
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
