// One connection and one thread that has nothing else to do: send, then wait for the answer.

import { VfioError } from '@vfio-ts/core';
import { OwnedFd } from './fd.ts';
import { WOULD_BLOCK } from './native/failure.ts';
import * as libc from './native/libc.ts';

/** A connection that blocks its thread. Descriptors that arrive on it are lost. */
export class BlockingTransport {
  readonly #socket: OwnedFd;

  /** Takes over a connected, blocking socket. */
  constructor(socket: OwnedFd) {
    this.#socket = socket;
  }

  /** Connects to a server's socket. @throws `ENOENT`, `ECONNREFUSED`, `EACCES` */
  static connect(path: string): BlockingTransport {
    const socket = new OwnedFd(libc.socketUnix());
    try {
      libc.connectUnix(socket.number, path);
    } catch (error) {
      socket.close();
      throw error;
    }
    return new BlockingTransport(socket);
  }

  /** Two ends of one connection. */
  static pair(): [BlockingTransport, BlockingTransport] {
    const [a, b] = libc.socketpairUnix();
    return [new BlockingTransport(new OwnedFd(a)), new BlockingTransport(new OwnedFd(b))];
  }

  /** Sends all of the first `length` bytes. @throws `EPIPE`, `ECONNRESET` */
  send(bytes: Uint8Array, length: number): void {
    for (let sent = 0; sent < length;) {
      const part = sent === 0 ? bytes : bytes.subarray(sent);
      const result = libc.send(this.#socket.number, part, length - sent, 0);
      if (result !== WOULD_BLOCK) sent += result;
    }
  }

  /**
   * Waits for `length` bytes.
   *
   * @throws `ECONNRESET` the peer closed before
   */
  receive(into: Uint8Array, length: number): void {
    for (let have = 0; have < length;) {
      const part = have === 0 ? into : into.subarray(have);
      const result = libc.recv(this.#socket.number, part, length - have, 0);
      if (result === 0) {
        throw new VfioError('ECONNRESET', 'receive', `the peer closed after ${have} bytes`);
      }
      if (result !== WOULD_BLOCK) have += result;
    }
  }

  /** Ends the connection. A second call does nothing. */
  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
