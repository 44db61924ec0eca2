// A connection over a UNIX stream socket, with descriptors.

import { VfioError } from '@vfio-ts/core';
import { closeAll, NO_FDS, type Fd } from './fd.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import type { EventLoop, LoopRegistration, LoopSource } from './loop.ts';
import { MSG_DONTWAIT, O_NONBLOCK } from './native/constants.ts';
import { WOULD_BLOCK } from './native/failure.ts';
import * as libc from './native/libc.ts';
import { sendWithFds } from './native/message.ts';
import { Sender } from './native/sender.ts';
import { SendQueue } from './send-queue.ts';
import type { FrameBuffer, FrameHandler, Transport } from './transport.ts';

/** Limits of a connection. */
export interface SocketTransportOptions {
  /** Bytes of the largest message that is received, 1 MiB + 32 by default. */
  readonly maxMessageSize?: number;
  /** Descriptors that one message may carry, 16 by default; more are closed. */
  readonly maxFds?: number;
}

/** Receives of one connection before the others have their turn. */
const RECEIVES_PER_TURN = 32;
/** How long a blocking receive waits, in microseconds; the kernel makes two ticks of it, 8 ms at 250 Hz. */
const RECEIVE_TIMEOUT = 1000;

function isGone(error: unknown): error is VfioError {
  if (!(error instanceof VfioError)) return false;
  return error.code === 'EPIPE' || error.code === 'ECONNRESET' || error.code === 'ENOTCONN';
}

/** A connection over a UNIX stream socket. */
export class SocketTransport implements Transport {
  readonly #socket: Fd;
  readonly #loop: EventLoop;
  readonly #reader: FrameReader;
  readonly #sender = new Sender();
  readonly #queue = new SendQueue();
  readonly #sink: FrameSink = {
    frame: (buffer, length, fds) => this.#frame(buffer, length, fds),
    malformed: (buffer, fds) => this.#malformed(buffer, fds),
    wantsMore: () => this.#isOpen && !this.#isPaused,
  };
  readonly #source: LoopSource;
  #registration: LoopRegistration | undefined;
  #handler: FrameHandler | undefined;
  #isOpen = true;
  #isPaused = false;
  #isReading = false;

  /**
   * Takes over a connected socket; it is left as it is when this throws.
   *
   * @throws `ENOMEM`, `EBADF`
   */
  constructor(socket: Fd, loop: EventLoop, options: SocketTransportOptions = {}) {
    const flags = libc.statusFlags(socket.number);
    // A blocking receive is told from one that must not wait by MSG_DONTWAIT alone.
    if ((flags & O_NONBLOCK) !== 0) libc.setStatusFlags(socket.number, flags & ~O_NONBLOCK);
    libc.setReceiveTimeout(socket.number, RECEIVE_TIMEOUT);
    this.#reader = new FrameReader(options.maxMessageSize ?? 0x100020, options.maxFds ?? 16);
    this.#socket = socket;
    this.#loop = loop;
    this.#source = {
      fd: socket.number,
      onReadable: () => this.#readSome(),
      onWritable: () => this.#flush(),
      onHangup: () => this.close(new VfioError('ECONNRESET', 'receive', 'the peer closed')),
      receive: () => this.#read(0),
      onIdle: () => this.#idle(),
      onError: (error) => this.#failed(error),
    };
  }

  /** The socket's descriptor; -1 once closed. */
  get fd(): number {
    return this.#socket.number;
  }

  /** False once `close` has begun. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get queuedBytes(): number {
    return this.#queue.size;
  }

  /** Who is at the other end. @throws `ENOTCONN` the connection is over */
  get peer(): libc.PeerCredentials {
    this.#checkOpen('peer');
    return libc.peerCredentials(this.#socket.number);
  }

  /** @throws `EINVAL` started already, `ENOTCONN` the connection is over */
  start(handler: FrameHandler): void {
    this.#checkOpen('start');
    if (this.#handler !== undefined) throw new VfioError('EINVAL', 'start', 'started already');
    this.#registration = this.#loop.add(this.#source);
    this.#handler = handler;
    this.#updateWatch();
  }

  #checkOpen(op: string): void {
    if (!this.#isOpen) throw new VfioError('ENOTCONN', op, 'the connection is over');
  }

  /**
   * @throws `ENOTCONN` the connection is over, `EINVAL` more bytes than there are, or too many descriptors,
   *   `EBADF` a closed descriptor; nothing was sent then. A peer that is gone ends the connection without
   *   an exception.
   */
  send(message: Uint8Array, length: number, fds: readonly Fd[] = NO_FDS): void {
    this.#checkOpen('send');
    if (length <= 0 || length > message.length) {
      throw new VfioError('EINVAL', 'send', `length ${length} of ${message.length} bytes`);
    }
    if (this.#queue.size > 0) {
      this.#queue.push(message.subarray(0, length), fds);
      return;
    }
    let sent = 0;
    try {
      sent = this.#transmit(message, length, fds);
    } catch (error) {
      if (!isGone(error)) throw error;
      this.close(error);
      return;
    }
    if (sent === length) return;
    this.#queue.push(message.subarray(sent, length), sent === 0 ? fds : NO_FDS);
    this.#updateWatch();
  }

  /** Sends what there is room for; returns how many bytes went. */
  #transmit(message: Uint8Array, length: number, fds: readonly Fd[]): number {
    const socket = this.#socket.number;
    const result =
      fds.length === 0
        ? this.#sender.send(socket, message, length, MSG_DONTWAIT)
        : sendWithFds(
            socket,
            message,
            length,
            fds.map((fd) => fd.number),
            MSG_DONTWAIT,
          );
    return result === WOULD_BLOCK ? 0 : result;
  }

  #flush(): void {
    if (this.#queue.size === 0) return;
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) {
      const sent = this.#transmit(first.bytes, first.bytes.length, first.fds);
      if (sent > 0) this.#queue.advance(sent);
      if (sent < first.bytes.length) break;
    }
    this.#updateWatch();
    if (this.#queue.size === 0) this.#handler?.drained?.();
  }

  pause(paused: boolean): void {
    if (!this.#isOpen || this.#isPaused === paused) return;
    this.#isPaused = paused;
    this.#updateWatch();
    // Whole messages may wait in the buffer, where no event tells of them.
    if (!paused) this.#registration?.wake();
  }

  endTurn(): void {
    this.#loop.endTurn();
  }

  #updateWatch(): void {
    this.#registration?.watch(!this.#isPaused, this.#queue.size > 0);
  }

  close(error?: VfioError): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#registration?.remove();
    this.#queue.clear();
    this.#socket.close();
    // A message that is being handled is valid until its handler returns.
    if (!this.#isReading) this.#reader.close();
    this.#handler?.closed(error);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #readSome(): void {
    for (let count = 0; count < RECEIVES_PER_TURN && this.#isOpen && !this.#isPaused; count++) {
      // What takes its time delays the others by that, and not by all that its client has sent.
      if (!this.#read(MSG_DONTWAIT) || this.#loop.isTurnOver) return;
    }
  }

  /** Receives once; false when there is no more for now. */
  #read(flags: number): boolean {
    if (this.#isReading) return false;
    this.#isReading = true;
    try {
      const result = this.#reader.read(this.#socket.number, flags, this.#sink);
      if (result === 'end' && this.#isOpen) this.#ended();
      return result === 'data';
    } catch (error) {
      this.#failed(error);
      return false;
    } finally {
      this.#isReading = false;
      if (!this.#isOpen) this.#reader.close();
    }
  }

  /** Keeps no memory of what is over. */
  #idle(): void {
    this.#reader.trim();
    this.#sender.forget();
  }

  #ended(): void {
    const { pending, expected } = this.#reader;
    if (pending === 0) {
      this.close();
      return;
    }
    const whole = expected === 0 ? 'a header' : `${expected}`;
    this.close(
      new VfioError('ECONNRESET', 'receive', `the peer closed after ${pending} bytes of ${whole}`),
    );
  }

  #failed(error: unknown): void {
    if (error instanceof VfioError) this.close(error);
    else this.close(new VfioError('EIO', 'receive', 'the connection failed', { cause: error }));
  }

  #frame(buffer: FrameBuffer, length: number, fds: readonly Fd[]): void {
    if (this.#handler === undefined) closeAll(fds);
    else this.#handler.frame(buffer, length, fds);
  }

  #malformed(buffer: FrameBuffer, fds: readonly Fd[]): void {
    const size = buffer.view.getUint32(4, true);
    this.#handler?.malformed(buffer, fds);
    this.close(
      new VfioError('EPROTO', 'receive', `a message cannot have 0x${size.toString(16)} bytes`),
    );
  }
}
