// A UNIX socket with a file of its own in the file system.

import { isErrno, VfioError } from '@vfio-ts/core';
import { OwnedFd } from './fd.ts';
import { O_NONBLOCK, S_IFMT, S_IFSOCK } from './native/constants.ts';
import * as libc from './native/libc.ts';

/** What a socket's file is made with. */
export interface BoundSocketOptions {
  /** Permissions of the socket file, 0o600 by default. */
  readonly mode?: number;
  /** Connections the kernel keeps before they are accepted, 16 by default. */
  readonly backlog?: number;
}

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

/** A nonblocking socket that listens at a path. */
export class BoundSocket {
  readonly path: string;
  /** The socket. Whoever takes it over closes it after {@link BoundSocket.unlink}. */
  readonly fd: OwnedFd;
  readonly #identity: string;

  /**
   * Listens at `path`. A socket file nobody listens at is replaced.
   *
   * @throws `EINVAL` path too long or empty, `EADDRINUSE` somebody listens there or the file is not a socket,
   *   `ENOENT` no such folder, `EACCES`
   */
  constructor(path: string, options: BoundSocketOptions = {}) {
    this.path = path;
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
    } catch (error) {
      socket.close();
      if (isBound) libc.unlink(path);
      throw error;
    }
    this.fd = socket;
  }

  /** Removes the file, if it is still this socket's. */
  unlink(): void {
    if (libc.lstat(this.path)?.identity === this.#identity) libc.unlink(this.path);
  }

  /** Removes the file and closes the socket, also when the file cannot be removed. A second call does nothing. */
  close(): void {
    if (this.fd.number < 0) return;
    try {
      // Must precede close: a file whose listener is gone could be replaced by another's.
      this.unlink();
    } finally {
      this.fd.close();
    }
  }
}
