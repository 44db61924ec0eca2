// Commands of a server, one port for each connection they come on. They are answered in their order. While the
// server does not read its replies, commands wait, and only then: a client that stopped reading while its server
// does the same would wait for ever.

import { ERRNO, VfioError } from '@vfio-ts/core';
import {
  HEADER_ERROR,
  HEADER_NO_REPLY,
  HEADER_SIZE,
  HEADER_TYPE_REPLY,
  messageCommand,
  messageFlags,
  messageId,
  writeHeader,
} from '../header.ts';
import { ReplyBuffer } from '../reply-buffer.ts';
import type { FrameBuffer, Transport } from '../transport.ts';

/** What answers the commands of a server. */
export interface CommandServer {
  /**
   * Handles a command and builds the payload of its reply.
   *
   * @returns bytes of payload
   * @throws what the server is told
   */
  handle(frame: FrameBuffer, length: number, reply: ReplyBuffer): number;
}

/** Bytes of replies that may wait for the server to read before commands wait. */
const MAX_REPLIES = 1 << 20;
/** Bytes of commands that may wait; the connection ends above. */
const MAX_WAITING = 16 << 20;

/** Takes commands on one connection and answers them there. */
export class CommandPort {
  readonly #transport: Transport;
  readonly #server: CommandServer;
  readonly #reply = new ReplyBuffer(4096);
  #waiting: FrameBuffer[] = [];
  #waitingBytes = 0;

  constructor(transport: Transport, server: CommandServer) {
    this.#transport = transport;
    this.#server = server;
  }

  /** Takes a command, valid only during the call. */
  take(frame: FrameBuffer, length: number): void {
    if (this.#waiting.length === 0 && this.#transport.queuedBytes <= MAX_REPLIES) {
      this.#answer(frame, length);
      return;
    }
    const bytes = frame.bytes.slice(0, length);
    this.#waiting.push({ bytes, view: new DataView(bytes.buffer) });
    this.#waitingBytes += length;
    if (this.#waitingBytes <= MAX_WAITING) return;
    const fact = `${this.#waitingBytes} bytes of commands wait, and nobody reads the replies`;
    this.#transport.close(new VfioError('EPIPE', 'receive', fact));
  }

  /** The transport has sent all that waited. */
  drained(): void {
    while (this.#transport.queuedBytes <= MAX_REPLIES) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#waitingBytes -= next.bytes.length;
      this.#answer(next, next.bytes.length);
    }
  }

  /** Forgets what waits. */
  close(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #answer(frame: FrameBuffer, length: number): void {
    const { view } = frame;
    let size = HEADER_SIZE;
    let flags = HEADER_TYPE_REPLY;
    let errno = 0;
    try {
      size += this.#server.handle(frame, length, this.#reply);
    } catch (error) {
      flags |= HEADER_ERROR;
      errno = error instanceof VfioError ? -error.errno : ERRNO.EIO;
    }
    if ((messageFlags(view) & HEADER_NO_REPLY) !== 0) return;
    writeHeader(this.#reply.view, messageId(view), messageCommand(view), size, flags, errno);
    try {
      this.#transport.send(this.#reply.bytes, size);
    } catch {
      // The connection is over; closed() says so.
    }
  }
}
