// What a server answers.

import { ERRNO, VfioError } from '@vfio-ts/core';
import { NO_FDS, type Fd } from './fd.ts';
import {
  HEADER_ERROR,
  HEADER_NO_REPLY,
  HEADER_SIZE,
  HEADER_TYPE_COMMAND,
  HEADER_TYPE_MASK,
  HEADER_TYPE_REPLY,
  messageCommand,
  messageFlags,
  messageId,
  writeHeader,
} from './header.ts';
import type { SessionLog } from './log.ts';
import { commandName, type Limits } from './protocol.ts';
import { ReplyBuffer } from './reply-buffer.ts';
import { COUNTED, type Counters } from './stats/counters.ts';
import type { Transport } from './transport.ts';

const INITIAL_SIZE = 4096;

/** Who is told what is answered. */
export interface ReplyWatch {
  readonly log: SessionLog;
  readonly counters: Counters;
}

/** The replies of one session. */
export class Replies {
  /** Where a reply is built; its payload starts at offset 16. */
  readonly buffer: ReplyBuffer = new ReplyBuffer(INITIAL_SIZE);
  readonly #transport: Transport;
  readonly #limits: Limits;
  readonly #watch: ReplyWatch;
  readonly #end: (error: VfioError) => void;

  /** @param end - ends the session, whose client cannot be answered any more */
  constructor(
    transport: Transport,
    limits: Limits,
    watch: ReplyWatch,
    end: (error: VfioError) => void,
  ) {
    this.#transport = transport;
    this.#limits = limits;
    this.#watch = watch;
    this.#end = end;
  }

  /** More waits for the client to read than should become still more. */
  get areClogged(): boolean {
    return this.#transport.queuedBytes > this.#limits.pauseAtQueuedBytes;
  }

  /** Sends `payload` bytes of the buffer's payload as the reply to a command, if it wants one. */
  answer(view: DataView, payload: number, fds: readonly Fd[]): void {
    if ((messageFlags(view) & HEADER_NO_REPLY) !== 0) return;
    const size = HEADER_SIZE + payload;
    const { view: reply } = this.buffer;
    writeHeader(reply, messageId(view), messageCommand(view), size, HEADER_TYPE_REPLY, 0);
    this.#send(size, fds);
  }

  /** Sends an error. A command that wants no reply gets no error either. */
  fail(view: DataView, error: unknown): void {
    const { log, counters } = this.#watch;
    const command = messageCommand(view);
    const errno = errnoOf(error);
    counters.failed(command, errno ?? ERRNO.EIO);
    if (errno === undefined) {
      log.write('error', () => `${commandName(command)}: the device failed`, error);
    } else {
      log.write('debug', () => `${commandName(command)} refused`, error);
    }
    const flags = messageFlags(view);
    if ((flags & HEADER_NO_REPLY) !== 0 && (flags & HEADER_TYPE_MASK) === HEADER_TYPE_COMMAND) {
      return;
    }
    writeHeader(
      this.buffer.view,
      messageId(view),
      command,
      HEADER_SIZE,
      HEADER_TYPE_REPLY | HEADER_ERROR,
      errno ?? ERRNO.EIO,
    );
    this.#send(HEADER_SIZE, NO_FDS);
  }

  #send(size: number, fds: readonly Fd[]): void {
    const { counters } = this.#watch;
    counters.count(COUNTED.BYTES_SENT, size);
    if (fds.length > 0) counters.count(COUNTED.FDS_SENT, fds.length);
    try {
      if (fds.length === 0) this.#transport.send(this.buffer.bytes, size);
      else this.#transport.send(this.buffer.bytes, size, fds);
    } catch (error) {
      this.#end(new VfioError('ENOTCONN', 'send', 'reply cannot be sent', { cause: error }));
      return;
    }
    if (this.#transport.queuedBytes > this.#limits.maxQueuedBytes) {
      this.#end(new VfioError('EPIPE', 'send', 'the client does not read its replies'));
    }
  }
}

/** The number a peer is told; `undefined` for what is not an error of this project. */
function errnoOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || error.name !== 'VfioError') return undefined;
  return 'errno' in error && typeof error.errno === 'number' ? -error.errno : undefined;
}
