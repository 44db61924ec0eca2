// Connections that begin here.

import { OwnedFd, type Fd } from './fd.ts';
import type { EventLoop } from './loop.ts';
import { O_NONBLOCK } from './native/constants.ts';
import * as libc from './native/libc.ts';
import { SocketTransport, type SocketTransportOptions } from './transport-socket.ts';
import type { TwinSocket } from './twin.ts';

function overSocket(
  number: number,
  loop: EventLoop,
  options: SocketTransportOptions | undefined,
  prepare?: (socket: OwnedFd) => void,
): SocketTransport {
  const socket = new OwnedFd(number);
  try {
    prepare?.(socket);
    return new SocketTransport(socket, loop, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** How a connection begins. */
export interface ConnectOptions extends SocketTransportOptions {
  /** A server with so many that wait to be accepted that no other can is `EAGAIN`; otherwise the thread waits for it. */
  readonly dontWait?: boolean;
}

/**
 * Connects to a server's socket.
 *
 * @throws `EINVAL` path that cannot be a socket's, `ENOENT`, `ECONNREFUSED` nobody listens, `EACCES`, `EMFILE`;
 *   `EAGAIN` with `dontWait`
 */
export function connect(path: string, loop: EventLoop, options?: ConnectOptions): SocketTransport {
  return overSocket(libc.socketUnix(), loop, options, ({ number }) => {
    if (options?.dontWait === true) libc.setStatusFlags(number, O_NONBLOCK);
    libc.connectUnix(number, path);
  });
}

/**
 * Takes over a connected socket that somebody else made, for example one inherited from a parent process.
 *
 * @throws `EBADF`; the descriptor is closed in any case
 */
export function adopt(
  number: number,
  loop: EventLoop,
  options?: SocketTransportOptions,
): SocketTransport {
  return overSocket(number, loop, options);
}

/** Both ends of one connection, for tests. @throws `EMFILE`, `ENOMEM` */
export function socketPair(
  loop: EventLoop,
  options?: SocketTransportOptions,
): [SocketTransport, SocketTransport] {
  const [a, b] = libc.socketpairUnix();
  using second = new OwnedFd(b);
  const first = overSocket(a, loop, options);
  return [first, overSocket(second.dup().number, loop, options)];
}

/** A second connection for a server to offer. @throws `EMFILE`, `ENOMEM` */
export function offerTwinSocket(loop: EventLoop): TwinSocket {
  const [mine, theirs] = libc.socketpairUnix();
  const fd = new OwnedFd(theirs);
  try {
    return { transport: overSocket(mine, loop, undefined), fd };
  } catch (error) {
    fd.close();
    throw error;
  }
}

/**
 * How a client takes the second connection it is offered: what
 * {@link ClientOptions.twinSocket} wants. `socket` stays the caller's.
 *
 * @throws `EBADF`, `EMFILE`
 */
export function takeTwinSocket(loop: EventLoop): (socket: Fd) => SocketTransport {
  return (socket) => overSocket(socket.dup().number, loop, undefined);
}
