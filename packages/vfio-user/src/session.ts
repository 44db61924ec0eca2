// One connection of a server: negotiation, then one message after the other, then the end. Nothing a client
// sends leaves a session as an exception.

import { VfioError, type Clock, type LogLevel, type Logger } from '@vfio-ts/core';
import type { Client, CommandHandler } from './call.ts';
import { dispatchTable } from './dispatch.ts';
import { DmaRequests } from './dma-requests.ts';
import { NO_FDS, type Fd } from './fd.ts';
import { HEADER_SIZE, isCommand, messageCommand } from './header.ts';
import { HeldMessages, type Rest } from './held-messages.ts';
import { SessionLog } from './log.ts';
import { MessageFds } from './message-fds.ts';
import { negotiate } from './negotiate.ts';
import type { PeerProfile } from './peer.ts';
import { VFIO_USER, commandName, type Limits } from './protocol.ts';
import { Replies } from './replies.ts';
import type { OpenDevice } from './served-device.ts';
import { SessionCall, shortPayload, unknownCommand } from './session-call.ts';
import type { SessionHost } from './session-host.ts';
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

/** Commands that are taken while one waits for the device; then the client has to wait too. */
const HELD_MESSAGES = 64;
/** The same while the device waits for replies of the client, which come behind its commands. */
const HELD_BEFORE_REPLIES = 4096;

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
  /** Commands that wait for the device to come to rest. */
  readonly #held = new HeldMessages();
  #call: SessionCall | undefined;
  #twin: Transport | undefined;
  /** How the device came to rest for the command that is run next. */
  #rest: Rest | undefined;
  /** There is no connection any more. */
  #closed = false;
  /** Everything has been given back. */
  #isOver = false;
  #isAbandoned = false;
  #isPaused = false;
  #isResuming = false;

  constructor(transport: Transport, options: SessionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.log = new SessionLog(options.logger, options.logLevel, options.name);
    this.counters = new Counters(options.clock);
    this.#replies = new Replies(transport, options.limits, this, (error) => {
      if (!this.#closed) this.close(error);
    });
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
    if (this.#held.count > 0 && isCommand(frame.view)) this.#held.push(frame, length, fds);
    else this.#handle(frame, length, fds);
    this.#pace();
  }

  drained(): void {
    if (this.#held.count > 0 && !this.#held.isWaiting) this.#runHeld();
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
    else if (!this.#held.isWaiting && !this.#isResuming) this.#leave();
  }

  #handle(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.#fds.receive(fds);
    try {
      if (!this.#isOver) this.#receive(frame, length);
    } finally {
      this.#fds.closeRest();
    }
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
      this.#run(call, view);
    }
  }

  #run(call: SessionCall, view: DataView): void {
    const command = messageCommand(view);
    const isTimed = this.counters.begin(command);
    const isOver = this.#answer(call, view, dispatchTable[command]);
    if (isTimed && isOver) this.counters.end(command);
  }

  /** Handles a command and answers it; false when it waits for the device and has to be run again. */
  #answer(call: SessionCall, view: DataView, handler: CommandHandler | undefined): boolean {
    let payload: number;
    try {
      if (handler === undefined) throw unknownCommand(view);
      if (call.payloadLength < handler.minPayload) throw shortPayload(call, handler);
      if (handler.settle !== undefined && this.#mustWait(call, handler.settle)) return false;
      payload = handler.handle(call);
    } catch (error) {
      const standIn = this.#standIn(call, handler, view, error);
      if (standIn === undefined) return true;
      payload = standIn;
    }
    this.#replies.answer(view, payload, call.replyFds);
    return true;
  }

  /**
   * Begins what a command has to wait for; true when that takes time. The command is kept then, and run when it
   * is over.
   */
  #mustWait(call: SessionCall, settle: NonNullable<CommandHandler['settle']>): boolean {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) {
      if (rest.failure !== undefined) throw rest.failure.error;
      return false;
    }
    const resting = settle(call);
    if (resting === undefined) return false;
    this.#held.wait(call.request, HEADER_SIZE + call.payloadLength, this.#fds.giveRest());
    resting.then(
      () => this.#resume({}),
      (error: unknown) => this.#resume({ failure: { error } }),
    );
    return true;
  }

  /** Takes no more of the client's messages while too many of them wait, or too many replies for it. */
  #pace(): void {
    if (this.#closed) return;
    const isPaused = this.#holdsEnough() || this.#replies.areClogged;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#transport.pause(isPaused);
  }

  /** As many messages wait for the device as may. */
  #holdsEnough(): boolean {
    const { count, bytes, fds } = this.#held;
    if (count === 0) return false;
    const isAsking = this.#twin === undefined && (this.#call?.dma.pending ?? 0) > 0;
    return (
      count >= (isAsking ? HELD_BEFORE_REPLIES : HELD_MESSAGES) ||
      bytes >= this.#options.limits.maxQueuedBytes ||
      fds >= HELD_MESSAGES
    );
  }

  /** Runs the command that waited, and those that came after it until one has to wait again. */
  #resume(rest: Rest): void {
    this.#rest = rest;
    this.#held.resume();
    this.#runHeld();
    if (this.#held.isWaiting || this.#isOver) return;
    if (this.#closed) this.#leave();
    else this.#pace();
  }

  #runHeld(): void {
    this.#isResuming = true;
    while (!this.#held.isWaiting && (this.#closed || !this.#replies.areClogged)) {
      const held = this.#held.shift();
      if (held === undefined) break;
      this.#handle(held.frame, held.length, held.fds);
    }
    this.#isResuming = false;
    this.#rest = undefined;
  }

  /** The client is gone: the device comes to rest before its memory goes. */
  #leave(): void {
    const finish = (error?: unknown): void => {
      if (error !== undefined)
        this.log.write('error', () => 'the device did not come to rest', error);
      this.#finish();
    };
    try {
      const resting = this.#call?.client.device.quiesce?.();
      if (resting === undefined) finish();
      else resting.then(() => finish(), finish);
    } catch (error) {
      finish(error);
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held.clear();
    if (this.#call !== undefined) {
      this.#call.ioSignals.close();
      this.#release(this.#call.client);
    }
    this.#options.closed(this);
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
        this.log.write(
          'warn',
          () => `${commandName(messageCommand(view))} failed, not told`,
          error,
        );
        return payload;
      } catch {
        // Not even that can be answered; the client gets the error.
      }
    }
    this.#replies.fail(view, error);
    return undefined;
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
        this.#release(client);
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

  /** Guest memory goes while the device is still open: its driver is told, and unpins. */
  #release({ device, mappings }: Client): void {
    mappings.clear();
    const steps = [() => device.ioas.clear(), () => device.close()];
    for (const step of steps) {
      try {
        step();
      } catch (error) {
        this.log.write('error', () => 'the device failed to let go', error);
      }
    }
  }
}
