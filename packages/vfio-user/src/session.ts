// One connection of a server: negotiation, then one message after the other, then the end. Nothing a client
// sends leaves a session as an exception.

import { ERRNO, VfioError, type LogLevel, type Logger } from '@vfio-ts/core';
import type { Call, Client, CommandHandler } from './call.ts';
import { dispatchTable } from './dispatch.ts';
import type { Fd } from './fd.ts';
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
import { MessageFds } from './message-fds.ts';
import { REGION_ACCESS_SIZE } from './messages/region-access.ts';
import { negotiate } from './negotiate.ts';
import type { PeerProfile } from './peer.ts';
import { VFIO_USER, commandName, type Limits } from './protocol.ts';
import { DataWindow, ReplyBuffer } from './reply-buffer.ts';
import type { OpenDevice } from './served-device.ts';
import type { SessionHost } from './session-host.ts';
import type { FrameBuffer, FrameHandler, Transport } from './transport.ts';

/** What a session is given. */
export interface SessionOptions {
  /** For log lines. */
  readonly name: string;
  readonly host: SessionHost;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Instead of the one that VERSION suggests. */
  readonly profile?: PeerProfile;
  /** Opens the device for this session. @throws `EBUSY` another client has it, and what opening gives */
  open(session: Session): OpenDevice;
  /** The session is over and has given everything back. Called once. */
  closed(session: Session): void;
}

/** Where a session is in its life; it never goes back. */
export type SessionState = 'negotiating' | 'running' | 'closed';

const INITIAL_REPLY = 4096;
const DATA_AT = HEADER_SIZE + REGION_ACCESS_SIZE;

/** One connection of a server. */
export class Session implements FrameHandler {
  readonly #transport: Transport;
  readonly #options: SessionOptions;
  readonly #fds = new MessageFds();
  readonly #reply = new ReplyBuffer(INITIAL_REPLY);
  #call: SessionCall | undefined;
  #closed = false;

  constructor(transport: Transport, options: SessionOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  get state(): SessionState {
    if (this.#closed) return 'closed';
    return this.#call === undefined ? 'negotiating' : 'running';
  }

  /** Which kind of client it is; `undefined` before it has negotiated. */
  get profile(): PeerProfile | undefined {
    return this.#call?.client.profile;
  }

  /** Begins to receive. */
  start(): void {
    this.#transport.start(this);
  }

  /** Ends the connection; everything is given back before this returns. A second call does nothing. */
  close(error?: VfioError): void {
    this.#transport.close(error);
  }

  frame(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.#fds.receive(fds);
    try {
      if (!this.#closed) this.#receive(frame, length);
    } finally {
      this.#fds.closeRest();
    }
  }

  malformed(header: FrameBuffer, fds: readonly Fd[]): void {
    this.#fds.receive(fds);
    this.#fds.closeRest();
    if (!this.#closed) this.#fail(header.view, new VfioError('EINVAL', 'receive', 'message size'));
  }

  closed(error?: VfioError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#log('info', () => 'disconnected', error);
    if (this.#call !== undefined) this.#release(this.#call.client);
    this.#options.closed(this);
  }

  #receive(frame: FrameBuffer, length: number): void {
    const { view } = frame;
    const call = this.#call;
    if ((messageFlags(view) & HEADER_TYPE_MASK) !== HEADER_TYPE_COMMAND) {
      this.#fail(view, new VfioError('EINVAL', 'receive', 'message is no command'));
    } else if (call === undefined) {
      this.#negotiate(frame, length);
    } else {
      call.request = frame;
      call.payloadLength = length - HEADER_SIZE;
      call.replyFd = undefined;
      this.#run(call, view);
    }
  }

  #run(call: SessionCall, view: DataView): void {
    const handler = dispatchTable.get(messageCommand(view));
    let payload: number;
    try {
      if (handler === undefined) throw unknownCommand(view);
      if (call.payloadLength < handler.minPayload) throw shortPayload(call, handler);
      payload = handler.handle(call);
    } catch (error) {
      const standIn = this.#standIn(call, handler, view, error);
      if (standIn === undefined) return;
      payload = standIn;
    }
    this.#answer(view, payload, call.replyFd);
  }

  /** Has a client that cannot take an error answered as if there were none; sends it to all others. */
  #standIn(
    call: SessionCall,
    handler: CommandHandler | undefined,
    view: DataView,
    error: unknown,
  ): number | undefined {
    const standIn = call.client.profile.waitsAfterError ? handler?.standIn : undefined;
    if (standIn !== undefined && call.payloadLength >= (handler?.minPayload ?? 0)) {
      try {
        const payload = standIn(call);
        this.#log('warn', () => `${commandName(messageCommand(view))} failed, not told`, error);
        return payload;
      } catch {
        // Not even that can be answered; the client gets the error.
      }
    }
    this.#fail(view, error);
    return undefined;
  }

  /** The first message. A client that gets it wrong is let go. */
  #negotiate(frame: FrameBuffer, length: number): void {
    const { host, limits, logger, profile } = this.#options;
    try {
      if (messageCommand(frame.view) !== VFIO_USER.VERSION) {
        throw new VfioError('EINVAL', 'negotiate', 'the first message is not VERSION');
      }
      if (this.#fds.count > 0) throw new VfioError('EINVAL', 'negotiate', 'descriptors');
      const payload = frame.bytes.slice(HEADER_SIZE, length);
      const open = (): OpenDevice => this.#options.open(this);
      const { client, reply } = negotiate(payload, limits, open, profile);
      // The device may have ended the session while it was opened; nobody else would close it then.
      if (this.#closed) {
        this.#release(client);
        return;
      }
      this.#call = new SessionCall(frame, { client, host, limits, logger }, this.#fds, this.#reply);
      this.#log('info', () => `attached by a client of kind ${client.profile.name}`);
      this.#reply.reserve(HEADER_SIZE + reply.length);
      this.#reply.bytes.set(reply, HEADER_SIZE);
      this.#answer(frame.view, reply.length, undefined);
    } catch (error) {
      this.#fail(frame.view, error);
      this.close();
    }
  }

  #answer(view: DataView, payload: number, fd: Fd | undefined): void {
    if ((messageFlags(view) & HEADER_NO_REPLY) !== 0) return;
    const size = HEADER_SIZE + payload;
    writeHeader(
      this.#reply.view,
      messageId(view),
      messageCommand(view),
      size,
      HEADER_TYPE_REPLY,
      0,
    );
    this.#send(size, fd);
  }

  /** A command that wants no reply gets no error either. */
  #fail(view: DataView, error: unknown): void {
    const command = messageCommand(view);
    const errno = errnoOf(error);
    if (errno === undefined) {
      this.#log('error', () => `${commandName(command)}: the device failed`, error);
    } else {
      this.#log('debug', () => `${commandName(command)} refused`, error);
    }
    const flags = messageFlags(view);
    if ((flags & HEADER_NO_REPLY) !== 0 && (flags & HEADER_TYPE_MASK) === HEADER_TYPE_COMMAND) {
      return;
    }
    writeHeader(
      this.#reply.view,
      messageId(view),
      command,
      HEADER_SIZE,
      HEADER_TYPE_REPLY | HEADER_ERROR,
      errno ?? ERRNO.EIO,
    );
    this.#send(HEADER_SIZE, undefined);
  }

  #send(size: number, fd: Fd | undefined): void {
    try {
      if (fd === undefined) this.#transport.send(this.#reply.bytes, size);
      else this.#transport.send(this.#reply.bytes, size, [fd]);
    } catch (error) {
      this.close(new VfioError('ENOTCONN', 'send', 'reply cannot be sent', { cause: error }));
      return;
    }
    if (this.#transport.queuedBytes > this.#options.limits.maxQueuedBytes) {
      this.close(new VfioError('EPIPE', 'send', 'the client does not read its replies'));
    }
  }

  /** Guest memory goes while the device is still open: its driver is told, and unpins. */
  #release({ device, mappings }: Client): void {
    mappings.clear();
    const steps = [() => device.ioas.clear(), () => device.close()];
    for (const step of steps) {
      try {
        step();
      } catch (error) {
        this.#log('error', () => 'the device failed to let go', error);
      }
    }
  }

  #log(level: LogLevel, message: () => string, error?: unknown): void {
    this.#options.logger.log(level, this.#options.name, message, error);
  }
}

type SessionParts = Pick<Call, 'client' | 'host' | 'limits' | 'logger'>;

/** The call of a session, used for one message after the other. */
class SessionCall implements Call {
  readonly client: Client;
  readonly host: SessionHost;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly fds: MessageFds;
  readonly reply: ReplyBuffer;
  readonly requestData: DataWindow = new DataWindow(DATA_AT);
  readonly replyData: DataWindow = new DataWindow(DATA_AT);
  request: FrameBuffer;
  payloadLength = 0;
  replyFd: Fd | undefined;

  constructor(request: FrameBuffer, parts: SessionParts, fds: MessageFds, reply: ReplyBuffer) {
    this.request = request;
    this.client = parts.client;
    this.host = parts.host;
    this.limits = parts.limits;
    this.logger = parts.logger;
    this.fds = fds;
    this.reply = reply;
    this.replyFd = undefined;
  }
}

/** The number a peer is told; `undefined` for what is not an error of this project. */
function errnoOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || error.name !== 'VfioError') return undefined;
  return 'errno' in error && typeof error.errno === 'number' ? -error.errno : undefined;
}

function unknownCommand(view: DataView): VfioError {
  return new VfioError('EINVAL', 'dispatch', `unknown ${commandName(messageCommand(view))}`);
}

function shortPayload({ payloadLength }: Call, { minPayload }: CommandHandler): VfioError {
  const fact = `payload of ${payloadLength} bytes is shorter than ${minPayload}`;
  return new VfioError('EINVAL', 'dispatch', fact);
}
