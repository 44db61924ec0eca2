// What a session hands to its handlers: made once, used for one message after the other.

import { VfioError, type Logger } from '@vfio-ts/core';
import type { Call, Client, CommandHandler, KeptFiles } from './call.ts';
import type { DmaRequests } from './dma-requests.ts';
import { NO_FDS, type Fd } from './fd.ts';
import { HEADER_SIZE, messageCommand } from './header.ts';
import { IoSignals } from './io-signals.ts';
import type { MessageFds } from './message-fds.ts';
import { REGION_ACCESS_SIZE } from './messages/region-access.ts';
import { commandName, type Limits } from './protocol.ts';
import { DataWindow, type ReplyBuffer } from './reply-buffer.ts';
import type { SessionHost } from './session-host.ts';
import type { FrameBuffer } from './transport.ts';

const DATA_AT = HEADER_SIZE + REGION_ACCESS_SIZE;

/** What is the same for all messages of a session. */
export type SessionParts = Pick<Call, 'client' | 'dma' | 'host' | 'limits' | 'logger'>;

/** The call of a session, used for one message after the other. */
export class SessionCall implements Call {
  readonly client: Client;
  readonly dma: DmaRequests;
  readonly host: SessionHost;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly fds: MessageFds;
  readonly reply: ReplyBuffer;
  readonly requestData: DataWindow = new DataWindow(DATA_AT);
  readonly replyData: DataWindow = new DataWindow(DATA_AT);
  request: FrameBuffer;
  payloadLength = 0;
  readonly keptFiles: KeptFiles = { count: 0 };
  readonly ioSignals: IoSignals;
  replyFds: readonly Fd[] = NO_FDS;

  constructor(request: FrameBuffer, parts: SessionParts, fds: MessageFds, reply: ReplyBuffer) {
    this.request = request;
    this.client = parts.client;
    this.dma = parts.dma;
    this.host = parts.host;
    this.limits = parts.limits;
    this.logger = parts.logger;
    this.fds = fds;
    this.reply = reply;
    this.ioSignals = new IoSignals(parts.client.device, parts.host, parts.logger);
  }

  /** Turns to the next message. What stays as it is, is not written: a pointer that is written costs a barrier. */
  begin(request: FrameBuffer, payloadLength: number): void {
    if (this.request !== request) this.request = request;
    if (this.replyFds.length > 0) this.replyFds = NO_FDS;
    this.payloadLength = payloadLength;
  }
}

/** The error of a command there is not. */
export function unknownCommand(view: DataView): VfioError {
  return new VfioError('EINVAL', 'dispatch', `unknown ${commandName(messageCommand(view))}`);
}

/** The error of a payload without what every message of its kind has. */
export function shortPayload({ payloadLength }: Call, { minPayload }: CommandHandler): VfioError {
  const fact = `payload of ${payloadLength} bytes is shorter than ${minPayload}`;
  return new VfioError('EINVAL', 'dispatch', fact);
}
