// What a session does while its device comes to rest: the command that needs it is kept, and what the client sends
// after that too.

import { VfioError, type Clock } from '@vfio-ts/core';
import type { Call, CommandHandler } from './call.ts';
import type { Fd } from './fd.ts';
import { HEADER_SIZE } from './header.ts';
import { HeldMessages, type HeldMessage, type Rest } from './held-messages.ts';
import type { SessionLog } from './log.ts';
import type { Limits } from './protocol.ts';
import type { FrameBuffer } from './transport.ts';

/** What a device is waited for with. */
export interface RestOptions {
  readonly log: SessionLog;
  readonly limits: Limits;
  /** There is no limit of time without. */
  readonly timers: Clock | undefined;
}

/** Whose messages are kept. */
export interface RestUser {
  /** Handles a message; its descriptors are the user's. */
  handle(message: HeldMessage): void;
  /** False while the client does not read its replies. */
  takesMore(): boolean;
  /** Nothing waits for the device any more. */
  rested(): void;
}

/** One wait for the device. */
interface WaitState {
  isOver: boolean;
}

/** Messages that are kept; then the client has to wait too. */
const HELD_MESSAGES = 64;
/** The same while the device waits for replies of the client, which come behind its commands. */
const HELD_BEFORE_REPLIES = 4096;

/** The messages of one session that wait for its device. */
export class RestGate {
  readonly #options: RestOptions;
  readonly #user: RestUser;
  readonly #held = new HeldMessages();
  /** How the device came to rest for the command that is run next. */
  #rest: Rest | undefined;
  #isResuming = false;
  /** Ends the wait for the device. */
  #stop: () => void = () => undefined;

  constructor(options: RestOptions, user: RestUser) {
    this.#options = options;
    this.#user = user;
  }

  /** A command waits, or what was kept is being handled. */
  get isBusy(): boolean {
    return this.#held.isWaiting || this.#isResuming;
  }

  /** Whether what comes has to be kept. */
  get keeps(): boolean {
    return this.#held.count > 0;
  }

  /** Whether as much is kept as may. @param isAsking - the device waits for replies of the client */
  isFull(isAsking: boolean): boolean {
    const { count, bytes, fds } = this.#held;
    return (
      count >= (isAsking ? HELD_BEFORE_REPLIES : HELD_MESSAGES) ||
      bytes >= this.#options.limits.maxQueuedBytes ||
      fds >= HELD_MESSAGES
    );
  }

  /** Keeps a message, behind the others. Takes `fds`. */
  keep(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.#held.push(frame, length, fds);
  }

  /**
   * Begins what a command has to wait for; true when that takes time. The command is kept then, and run when it
   * is over.
   *
   * @throws what the device fails with
   */
  mustWait(call: Call, settle: NonNullable<CommandHandler['settle']>): boolean {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) {
      if (rest.failure !== undefined) throw rest.failure.error;
      return false;
    }
    const state: WaitState = { isOver: false };
    const resting = settle(call, () => !state.isOver);
    if (resting === undefined) return false;
    this.#held.wait(call.request, HEADER_SIZE + call.payloadLength, call.fds.giveRest());
    this.wait(resting, (how) => this.#resume(how), state);
    return true;
  }

  /** Waits for the device, but no longer than `restTimeout`: what it does later, nobody hears. One wait at a time. */
  wait(
    resting: Promise<void>,
    done: (rest: Rest) => void,
    state: WaitState = { isOver: false },
  ): void {
    const { log, limits, timers } = this.#options;
    const ms = limits.restTimeout;
    const finish = (rest: Rest): void => {
      if (state.isOver) return;
      this.#stop();
      done(rest);
    };
    const timer = timers?.after(ms, () => {
      const error = new VfioError('ETIMEDOUT', 'quiesce', `not at rest in ${ms} ms`);
      log.write('error', () => 'the device does not come to rest', error);
      finish({ failure: { error }, isLate: true });
    });
    this.#stop = () => {
      state.isOver = true;
      timer?.cancel();
    };
    resting.then(
      () => finish({}),
      (error: unknown) => finish({ failure: { error } }),
    );
  }

  /** Handles what is kept, unless the device is waited for. */
  run(): void {
    if (this.#held.count > 0 && !this.#held.isWaiting) this.#handleKept();
  }

  /** Runs the command that waited, and those that came after it until one has to wait again. */
  #resume(rest: Rest): void {
    this.#rest = rest;
    this.#held.resume();
    this.#handleKept();
  }

  #handleKept(): void {
    this.#isResuming = true;
    while (!this.#held.isWaiting && this.#user.takesMore()) {
      const message = this.#held.shift();
      if (message === undefined) break;
      this.#user.handle(message);
    }
    this.#isResuming = false;
    this.#rest = undefined;
    if (!this.#held.isWaiting) this.#user.rested();
  }

  /** Drops what is kept and waits no more. */
  clear(): void {
    this.#stop();
    this.#held.clear();
  }
}
