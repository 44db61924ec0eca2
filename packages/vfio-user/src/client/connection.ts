// Requests under way, matched with their replies by id. A reply that comes after its time-out is thrown away;
// the connection goes on.

import { VfioError, errnoCode, type Timer } from '@vfio-ts/core';
import type { Fd } from '../fd.ts';
import {
  HEADER_ERROR,
  HEADER_NO_REPLY,
  HEADER_SIZE,
  HEADER_TYPE_COMMAND,
  HEADER_TYPE_MASK,
  HEADER_TYPE_REPLY,
  messageCommand,
  messageErrno,
  messageFlags,
  messageId,
  writeHeader,
} from '../header.ts';
import { MessageFds } from '../message-fds.ts';
import { commandName } from '../protocol.ts';
import { ReplyBuffer } from '../reply-buffer.ts';
import type { FrameBuffer, FrameHandler, Transport } from '../transport.ts';
import { CommandPort, type CommandServer } from './command-port.ts';
import type { ClientHost } from './host.ts';
import { TwinClient } from './twin.ts';

/** A reply as it lies in the receive buffer, valid only while it is being decoded. */
export interface Reply {
  /** The whole message; its payload starts at offset 16. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly payloadLength: number;
  /** Descriptors that came with it; those not taken are closed. */
  readonly fds: MessageFds;
}

/** A command to send. */
export interface Request<T> {
  readonly command: number;
  readonly payload: Uint8Array;
  /** Goes out behind `payload`. */
  readonly data?: Uint8Array;
  /** Sent with it; they stay the caller's. */
  readonly fds?: readonly Fd[];
  /** Bytes of payload that a reply must have. */
  readonly minReply: number;
  decode(reply: Reply): T;
}

interface Pending {
  readonly command: number;
  readonly timer: Timer;
  /** Takes the reply or the end of the connection; `undefined` once it has timed out. */
  settle: ((reply: Reply | undefined, error: VfioError | undefined) => void) | undefined;
}

const IDS = 0x10000;

/** The client's end of one connection. */
export class Connection implements FrameHandler {
  /** Settles when the connection is over, with the reason unless the server ended it between two messages. */
  readonly over: Promise<VfioError | undefined>;
  readonly #transport: Transport;
  readonly #host: ClientHost;
  readonly #timeout: number;
  readonly #pending = new Map<number, Pending>();
  readonly #out = new ReplyBuffer(4096);
  readonly #fds = new MessageFds();
  readonly #tellOver: (error: VfioError | undefined) => void;
  #port: CommandPort;
  #twin: Transport | undefined;
  #nextId = 1;
  #closed = false;

  /** @param timeout - milliseconds until a request fails with `ETIMEDOUT` */
  constructor(transport: Transport, host: ClientHost, timeout: number) {
    this.#transport = transport;
    this.#host = host;
    this.#timeout = timeout;
    this.#port = new CommandPort(transport, { handle: unknownCommand });
    const { promise, resolve } = Promise.withResolvers<VfioError | undefined>();
    this.over = promise;
    this.#tellOver = resolve;
  }

  start(): void {
    this.#transport.start(this);
  }

  /**
   * Says what answers the commands of the server from now on; until then they are unknown.
   *
   * @param twin - they come there; both connections end together
   */
  serve(server: CommandServer, twin?: Transport): void {
    if (twin === undefined) {
      this.#port = new CommandPort(this.#transport, server);
      return;
    }
    this.#twin = twin;
    twin.start(new TwinClient(twin, server, (error) => this.close(error)));
  }

  /** Sends a command; the promise settles with its reply. @throws never, it rejects */
  request<T>(request: Request<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    try {
      const id = this.#freeId();
      const timer = this.#host.clock.after(this.#timeout, () => this.#expire(id, request, reject));
      const settle: Pending['settle'] = (reply, error) => {
        try {
          if (reply === undefined) throw error ?? gone();
          resolve(decode(request, reply));
        } catch (failure) {
          reject(failure);
        }
      };
      // Must precede send: the connection may end in it, and with it all that is pending.
      this.#pending.set(id, { command: request.command, timer, settle });
      try {
        this.#send(id, request, HEADER_TYPE_COMMAND);
      } catch (error) {
        this.#pending.delete(id);
        timer.cancel();
        throw error;
      }
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  /** Sends a command that wants no reply. @throws `ENOTCONN` the connection is over */
  post(request: Pick<Request<void>, 'command' | 'payload' | 'data'>): void {
    this.#send(this.#freeId(), request, HEADER_TYPE_COMMAND | HEADER_NO_REPLY);
  }

  /** Ends the connection. A second call does nothing. */
  close(error?: VfioError): void {
    this.#transport.close(error);
  }

  frame(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.#fds.receive(fds);
    try {
      if ((messageFlags(frame.view) & HEADER_TYPE_MASK) === HEADER_TYPE_REPLY) {
        this.#settle(frame, length);
      } else {
        this.#port.take(frame, length);
      }
    } finally {
      this.#fds.closeRest();
    }
  }

  malformed(_header: FrameBuffer, fds: readonly Fd[]): void {
    this.#fds.receive(fds);
    this.#fds.closeRest();
  }

  drained(): void {
    this.#port.drained();
  }

  closed(error?: VfioError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    this.#twin?.close();
    const pending = Array.from(this.#pending.values());
    this.#pending.clear();
    for (const { timer, settle } of pending) {
      timer.cancel();
      settle?.(undefined, gone(error));
    }
    this.#tellOver(error);
  }

  #settle({ bytes, view }: FrameBuffer, length: number): void {
    const id = messageId(view);
    const pending = this.#pending.get(id);
    if (pending === undefined) {
      this.#log(() => `reply to unknown message 0x${id.toString(16)} thrown away`);
      return;
    }
    this.#pending.delete(id);
    pending.timer.cancel();
    this.#transport.endTurn?.();
    if (pending.settle === undefined) {
      this.#log(() => `late reply to ${commandName(pending.command)} thrown away`);
    } else if (messageCommand(view) === pending.command) {
      pending.settle(
        { bytes, view, payloadLength: length - HEADER_SIZE, fds: this.#fds },
        undefined,
      );
    } else {
      const fact = `${commandName(pending.command)} answered as ${commandName(messageCommand(view))}`;
      pending.settle(undefined, new VfioError('EPROTO', 'reply', fact));
    }
  }

  /** The id stays taken until the late reply comes, so that it cannot answer another request. */
  #expire(id: number, { command }: Request<unknown>, reject: (error: VfioError) => void): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) pending.settle = undefined;
    const fact = `no reply in ${this.#timeout} ms`;
    reject(new VfioError('ETIMEDOUT', commandName(command), fact));
  }

  #freeId(): number {
    if (this.#closed) throw gone();
    for (let tries = 0; tries < IDS; tries++) {
      const id = this.#nextId;
      this.#nextId = (id + 1) % IDS;
      if (!this.#pending.has(id)) return id;
    }
    throw new VfioError('EBUSY', 'request', `${IDS} requests are under way`);
  }

  #send(
    id: number,
    { command, payload, data, fds }: Pick<Request<unknown>, 'command' | 'payload' | 'data' | 'fds'>,
    flags: number,
  ): void {
    const size = HEADER_SIZE + payload.length + (data?.length ?? 0);
    this.#out.reserve(size);
    writeHeader(this.#out.view, id, command, size, flags, 0);
    this.#out.bytes.set(payload, HEADER_SIZE);
    if (data !== undefined) this.#out.bytes.set(data, HEADER_SIZE + payload.length);
    this.#transport.send(this.#out.bytes, size, fds);
  }

  #log(message: () => string): void {
    this.#host.logger.log('debug', 'vfio-user client', message);
  }
}

function unknownCommand({ view }: FrameBuffer): never {
  throw new VfioError('ENOSYS', 'command', commandName(messageCommand(view)));
}

function decode<T>(request: Request<T>, reply: Reply): T {
  const { command, minReply } = request;
  if ((messageFlags(reply.view) & HEADER_ERROR) !== 0) {
    throw replyError(command, messageErrno(reply.view));
  }
  if (reply.payloadLength < minReply) {
    const fact = `reply payload of ${reply.payloadLength} bytes is shorter than ${minReply}`;
    throw new VfioError('EPROTO', commandName(command), fact);
  }
  return request.decode(reply);
}

/** Not every error reply has a number, and not every number is one of ours. */
function replyError(command: number, errno: number): VfioError {
  const code = errnoCode(errno);
  return new VfioError(code ?? 'EIO', commandName(command), `the server refused, errno ${errno}`);
}

function gone(cause?: VfioError): VfioError {
  return new VfioError('ENOTCONN', 'request', 'the connection is over', cause && { cause });
}
