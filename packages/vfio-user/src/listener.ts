// A UNIX socket that clients connect to.

import { isErrno, VfioError } from '@vfio-ts/core';
import { OwnedFd } from './fd.ts';
import type { EventLoop, LoopRegistration } from './loop.ts';
import { O_NONBLOCK, S_IFMT, S_IFSOCK } from './native/constants.ts';
import { WOULD_BLOCK } from './native/failure.ts';
import * as libc from './native/libc.ts';
import { SocketTransport, type SocketTransportOptions } from './transport-socket.ts';

/** How a listener listens. */
export interface ListenerOptions extends SocketTransportOptions {
  /** Permissions of the socket file, 0o600 by default. */
  readonly mode?: number;
  /** Connections the kernel keeps before they are accepted, 16 by default. */
  readonly backlog?: number;
  /** A connection that could not be taken, or a handler that threw; the listener goes on. */
  readonly onError?: (error: unknown) => void;
}

/** Connections accepted before other sources have their turn. */
const ACCEPTS_PER_TURN = 16;

/**
 * Removes the socket file of a process that is gone.
 *
 * @throws `EADDRINUSE` somebody listens there, or it is not a socket
 */
function removeStale(path: string): void {
  const status = libc.lstat(path);
  if (status === undefined) return;
  if ((status.mode & S_IFMT) !== S_IFSOCK) {
    throw new VfioError('EADDRINUSE', 'listen', `there is a file that is not a socket: ${path}`);
  }
  using probe = new OwnedFd(libc.socketUnix());
  try {
    // A full backlog makes a blocking connect wait: that socket is alive.
    libc.setStatusFlags(probe.number, O_NONBLOCK);
    libc.connectUnix(probe.number, path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    if (isErrno(error, 'ECONNREFUSED')) {
      libc.unlink(path);
      return;
    }
    if (!isErrno(error, 'EAGAIN')) throw error;
  }
  throw new VfioError('EADDRINUSE', 'listen', `somebody listens already: ${path}`);
}

/** A listening UNIX socket. Its file is removed by `close`. */
export class Listener {
  /** Where it listens. */
  readonly path: string;
  readonly #socket: OwnedFd;
  readonly #identity: string;
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
    const socket = new OwnedFd(libc.socketUnix());
    let isBound = false;
    try {
      libc.checkSocketPath(path);
      removeStale(path);
      libc.bindUnix(socket.number, path);
      isBound = true;
      this.#identity = libc.lstat(path)?.identity ?? '';
      // Must precede listen: until then nobody can connect, whatever the umask has made of the file.
      libc.chmod(path, options.mode ?? 0o600);
      libc.setStatusFlags(socket.number, O_NONBLOCK);
      libc.listen(socket.number, options.backlog ?? 16);
      this.#socket = socket;
      this.#registration = loop.add({
        fd: socket.number,
        onReadable: () => this.#acceptSome(),
        onError: (error) => options.onError?.(error),
      });
    } catch (error) {
      socket.close();
      if (isBound) libc.unlink(path);
      throw error;
    }
  }

  /** The listening descriptor; -1 once closed. */
  get fd(): number {
    return this.#socket.number;
  }

  #acceptSome(): void {
    for (let count = 0; count < ACCEPTS_PER_TURN && this.#socket.number >= 0; count++) {
      const number = libc.accept(this.#socket.number);
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

  /** Stops listening and removes the file, if it is still this listener's. A second call does nothing. */
  close(): void {
    if (this.#socket.number < 0) return;
    this.#registration.remove();
    // Must precede close: a file whose listener is gone could be replaced by another's.
    if (libc.lstat(this.path)?.identity === this.#identity) libc.unlink(this.path);
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
