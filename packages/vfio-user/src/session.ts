// One connection of a server: negotiation, then one message after the other, then the end. Nothing a client
// sends leaves a session as an exception.

import { VfioError, type Clock, type LogLevel, type Logger } from '@vfio-ts/core';
import type { Client } from './call.ts';
import { DmaRequests } from './dma-requests.ts';
import { NO_FDS, type Fd } from './fd.ts';
import { HEADER_SIZE, isCommand, messageCommand } from './header.ts';
import { SessionLog } from './log.ts';
import { MessageFds } from './message-fds.ts';
import { negotiate, release } from './negotiate.ts';
import type { PeerProfile } from './peer.ts';
import { VFIO_USER, type Limits } from './protocol.ts';
import { Replies } from './replies.ts';
import type { OpenDevice } from './served-device.ts';
import { SessionCall } from './session-call.ts';
import { Commands } from './session-commands.ts';
import type { SessionHost } from './session-host.ts';
import { RestGate, type RestUser } from './session-rest.ts';
import { Counters, type StatsClock } from './stats/counters.ts';
import { countingHost } from './stats/counting-host.ts';
import type { SessionState, SessionStats } from './stats/stats.ts';
import type { FrameBuffer, FrameHandler, Transport } from './transport.ts';
import { TwinEnd, type TwinSocket } from './twin.ts';

export type { SessionState };

/** What a session is given. */
export interface SessionOptions {
  /** For log lines. */
  readonly name: string;
  readonly host: SessionHost;
  readonly logger: Logger;
  /** From which level on lines reach `logger`; can be changed later, in {@link Session.log}. */
  readonly logLevel: LogLevel;
  /** What latencies are measured with. */
  readonly clock: StatsClock;
  /** What time-outs are measured with; there are none when left out. */
  readonly timers?: Clock;
  readonly limits: Limits;
  /** Instead of the one that VERSION suggests. */
  readonly profile?: PeerProfile;
  /** Makes a second connection for a client that asks for one; absent where none is offered. */
  readonly twin?: () => TwinSocket;
  /** Opens the device for this session. @throws `EBUSY` another client has it, and what opening gives */
  open(session: Session): OpenDevice;
  /** The session is over and has given everything back. Called once. */
  closed(session: Session): void;
}

/** One connection of a server. */
export class Session implements FrameHandler {
  /** Everything the session has to say. */
  readonly log: SessionLog;
  /** What has passed through. */
  readonly counters: Counters;
  readonly #transport: Transport;
  readonly #options: SessionOptions;
  readonly #fds = new MessageFds();
  readonly #replies: Replies;
  readonly #gate: RestGate;
  readonly #commands: Commands;
  #call: SessionCall | undefined;
  #twin: Transport | undefined;
  /** There is no connection any more. */
  #closed = false;
  /** Everything has been given back. */
  #isOver = false;
  #isAbandoned = false;
  #isPaused = false;

  constructor(transport: Transport, options: SessionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.log = new SessionLog(options.logger, options.logLevel, options.name);
    this.counters = new Counters(options.clock);
    this.#replies = new Replies(transport, options.limits, this, (error) => {
      if (!this.#closed) this.close(error);
    });
    const { limits, timers } = options;
    this.#gate = new RestGate({ log: this.log, limits, timers }, this.#restUser());
    this.#commands = new Commands(this, this.#replies, this.#gate);
  }

  get state(): SessionState {
    if (this.#closed) return 'closed';
    return this.#call === undefined ? 'negotiating' : 'running';
  }

  /** Which kind of client it is; `undefined` before it has negotiated. */
  get profile(): PeerProfile | undefined {
    return this.#call?.client.profile;
  }

  /** What has passed through, and how things are now. */
  stats(): SessionStats {
    const mappings = this.#call?.client.mappings;
    return {
      name: this.#options.name,
      state: this.state,
      peer: this.profile?.name ?? null,
      queuedBytes: this.#transport.queuedBytes,
      mappings: mappings?.count ?? 0,
      mappedBytes: mappings?.bytes ?? 0,
      traffic: this.counters.snapshot(),
    };
  }

  /** Begins to receive. */
  start(): void {
    this.#transport.start(this);
  }

  /** Ends the connection; everything is given back before this returns. A second call does nothing. */
  close(error?: VfioError): void {
    this.#isAbandoned = true;
    this.#transport.close(error);
    // The peer may have gone before, and its session waits for the device.
    if (this.#closed) this.#finish();
  }

  frame(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.counters.received(messageCommand(frame.view), length, fds.length);
    if (this.#gate.keeps && isCommand(frame.view)) this.#gate.keep(frame, length, fds);
    else this.#handle(frame, length, fds);
    this.#pace();
  }

  drained(): void {
    this.#gate.run();
    if (this.#twin === undefined) this.#call?.dma.drained();
    this.#pace();
  }

  malformed(header: FrameBuffer, fds: readonly Fd[]): void {
    this.counters.received(messageCommand(header.view), HEADER_SIZE, fds.length);
    this.#fds.receive(fds);
    this.#fds.closeRest();
    if (this.#closed) return;
    this.#replies.fail(header.view, new VfioError('EINVAL', 'receive', 'message size'));
  }

  closed(error?: VfioError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.log.write('info', () => 'disconnected', error);
    // Must precede the release: an access fails because the client is gone, not because its mapping is.
    this.#call?.dma.close(error);
    this.#twin?.close();
    if (this.#isAbandoned) this.#finish();
    else if (!this.#gate.isBusy) this.#leave();
  }

  #handle(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.#fds.receive(fds);
    try {
      if (!this.#isOver) this.#receive(frame, length);
    } finally {
      this.#fds.closeRest();
    }
  }

  #restUser(): RestUser {
    return {
      handle: ({ frame, length, fds }) => this.#handle(frame, length, fds),
      takesMore: () => this.#closed || !this.#replies.areClogged,
      rested: () => {
        if (this.#isOver) return;
        if (this.#closed) this.#leave();
        else this.#pace();
      },
    };
  }

  #receive(frame: FrameBuffer, length: number): void {
    const { view } = frame;
    const call = this.#call;
    if (!isCommand(view)) {
      if (this.#twin === undefined && call?.dma.reply(frame, length) === true) return;
      this.#replies.fail(view, new VfioError('EINVAL', 'receive', 'message is no command'));
    } else if (call === undefined) {
      this.#negotiate(frame, length);
    } else {
      call.begin(frame, length - HEADER_SIZE);
      this.#commands.run(call);
    }
  }

  /** Takes no more of the client's messages while too many of them wait, or too many replies for it. */
  #pace(): void {
    if (this.#closed) return;
    const isPaused = this.#keepsEnough() || this.#replies.areClogged;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#transport.pause(isPaused);
  }

  #keepsEnough(): boolean {
    if (!this.#gate.keeps) return false;
    // Replies on the first socket come behind the client's commands.
    const isAsking = this.#twin === undefined && (this.#call?.dma.pending ?? 0) > 0;
    return this.#gate.isFull(isAsking);
  }

  /** The client is gone: the device comes to rest before its memory goes. */
  #leave(): void {
    const left = (error?: unknown): void => {
      if (error !== undefined)
        this.log.write('error', () => 'the device did not come to rest', error);
      this.#finish();
    };
    try {
      const resting = this.#call?.client.device.quiesce?.();
      if (resting === undefined) left();
      // That it is late has been said.
      else
        this.#gate.wait(resting, ({ failure, isLate }) =>
          left(isLate ? undefined : failure?.error),
        );
    } catch (error) {
      left(error);
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#gate.clear();
    if (this.#call !== undefined) {
      this.#call.ioSignals.close();
      release(this.#call.client, this.log);
    }
    this.#options.closed(this);
  }

  /** The first message. A client that gets it wrong is let go. */
  #negotiate(frame: FrameBuffer, length: number): void {
    const { limits, profile, twin: offer } = this.#options;
    try {
      if (messageCommand(frame.view) !== VFIO_USER.VERSION) {
        throw new VfioError('EINVAL', 'negotiate', 'the first message is not VERSION');
      }
      if (this.#fds.count > 0) throw new VfioError('EINVAL', 'negotiate', 'descriptors');
      const payload = frame.bytes.slice(HEADER_SIZE, length);
      const open = (): OpenDevice => this.#options.open(this);
      const { client, reply, twin } = negotiate(payload, limits, { open, twin: offer, profile });
      using twinFd = twin?.fd;
      // The device may have ended the session while it was opened; nobody else would close it then.
      if (this.#closed) {
        twin?.transport.close();
        release(client, this.log);
        return;
      }
      this.#begin(frame, client, twin?.transport);
      this.log.attached(client.profile.name);
      this.log.write('info', () => `attached by a client of kind ${client.profile.name}`);
      this.#replies.buffer.reserve(HEADER_SIZE + reply.length);
      this.#replies.buffer.bytes.set(reply, HEADER_SIZE);
      const fds = twinFd === undefined ? NO_FDS : [twinFd];
      this.#replies.answer(frame.view, reply.length, fds);
    } catch (error) {
      this.#replies.fail(frame.view, error);
      this.close();
    }
  }

  /** From here on the session owns what the client has opened. */
  #begin(frame: FrameBuffer, client: Client, twin: Transport | undefined): void {
    const { host, limits, timers } = this.#options;
    const dma = new DmaRequests({
      transport: twin ?? this.#transport,
      timers,
      log: this.log,
      counters: this.counters,
      limits,
      maxData: client.peer.maxDataXferSize,
      layout: client.profile.dmaLayout,
    });
    const parts = {
      client,
      dma,
      host: countingHost(host, this.counters),
      limits,
      logger: this.log,
    };
    this.#call = new SessionCall(frame, parts, this.#fds, this.#replies.buffer);
    this.#twin = twin;
    const over = (error: VfioError): void => {
      // It may be over because the first is, and then the device has still to come to rest.
      if (!this.#closed) this.close(error);
    };
    twin?.start(new TwinEnd(twin, dma, this.counters, over));
  }
}
