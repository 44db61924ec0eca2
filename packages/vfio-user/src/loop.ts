// Concepts: one thread waits for all descriptors, in one of three ways chosen by load. While one connection is
// busy, the thread blocks in that connection's receive, which wakes as fast as it can be woken. While several
// are busy it blocks in epoll_wait. After some idle milliseconds it leaves the waiting to Node's own event loop,
// which watches the epoll descriptor, and the process sleeps; a worker's loop sleeps in epoll_wait. However busy it
// is, it returns to Node about once a millisecond, so that timers, promises and everything else of the process run.
// While Node has work of its own in flight, files that are read or threads that compute, the waiting is Node's too.

import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { VfioError } from '@vfio-ts/core';
import { Activity } from './loop/activity.ts';
import { LoopClock } from './loop/clock.ts';
import { Guard } from './loop/guard.ts';
import { NodeWork } from './loop/node-work.ts';
import { Registration, type RegistrationOwner } from './loop/registration.ts';
import type { LoopOptions, LoopRegistration, LoopSource } from './loop/source.ts';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from './native/constants.ts';
import { Epoll } from './native/epoll.ts';
import { NodePoll } from './native/poll.ts';

export type { LoopOptions, LoopRegistration, LoopSource };

/** Longest single wait of an awake loop, in milliseconds. */
const WAIT = 1;
/** How long a worker's idle loop sleeps before Node has a turn, in milliseconds. */
const NAP = 20;
/** So much longer than asked may a receive wait, in milliseconds: the kernel counts it in ticks. */
const RECEIVE_WAIT = 10;
/** Messages that follow one another within so many milliseconds are timed several at once. */
const QUICK = 0.1;
const TIMED_AT_ONCE = 4;

/** The loop that all descriptors of one thread share. Runs by itself while it has sources. */
export class EventLoop {
  /** Time for what runs beside the loop: it knows when timers are due, and does not wait longer. */
  readonly clock: LoopClock;
  readonly #epoll = new Epoll();
  readonly #registrations = new Map<number, Registration>();
  #woken: Registration[] = [];
  readonly #owner: RegistrationOwner = {
    wake: (registration) => {
      if (!this.#woken.includes(registration)) this.#woken.push(registration);
      this.#schedule();
    },
    forget: (registration) => this.#forget(registration),
  };
  // Made once, so that a turn makes no functions.
  readonly #onTurn = (): void => this.#runTurn();
  readonly #onNap = (): void => this.#nap();
  readonly #onRest = (): void => this.#rest();
  readonly #now: () => number;
  readonly #turn: number;
  readonly #idleAfter: number;
  readonly #activity: Activity;
  readonly #nodeWork: NodeWork;
  readonly #guard: Guard;
  readonly #onError: (error: unknown) => void;
  #poll: NodePoll | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #restTimer: NodeJS.Timeout | undefined;
  #isOpen = true;
  #isInTurn = false;
  /** A turn has begun with what woke the process, and what follows is of the same. */
  #isBegun = false;
  #nextId = 1;
  /** The last reading of the clock. */
  #time = 0;
  /** When the turn began. */
  #begin = 0;
  /** Messages that are to come before the clock is read again. */
  #untimed = 0;

  /** @throws `EMFILE`, `ENOMEM` */
  constructor(options: LoopOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#turn = options.turn ?? 1;
    this.clock = new LoopClock({ now: this.#now, endTurn: () => this.endTurn() });
    this.#idleAfter = options.idleAfter ?? 4;
    this.#activity = new Activity(this.#idleAfter, ({ source }, error) => {
      this.#guard.report(source, error);
    });
    this.#nodeWork = new NodeWork(
      options.nodeEvents ?? (() => performance.nodeTiming.uvMetricsInfo.events),
    );
    this.#onError =
      options.onError ??
      ((error) => process.emitWarning(error instanceof Error ? error : new Error(String(error))));
    this.#guard = new Guard(this.#onError);
  }

  /** How many sources there are. */
  get size(): number {
    return this.#registrations.size;
  }

  /** Whether the loop has worked as long as it may at once: a source that has more to do leaves it for later. */
  get isTurnOver(): boolean {
    return this.#now() - this.#begin >= this.#turn;
  }

  /** Promises wait for what a source has just done: they run before the loop waits for more. */
  endTurn(): void {
    this.#begin = -Infinity;
  }

  /**
   * Watches a source for reading. The process lives while there is one.
   *
   * @throws `EBADF`, `EPERM` a descriptor that cannot be waited for, `EEXIST`, `ECANCELED` the loop is closed
   */
  add(source: LoopSource): LoopRegistration {
    if (!this.#isOpen) throw new VfioError('ECANCELED', 'add', 'the loop is closed');
    const registration = new Registration(this.#owner, this.#epoll, this.#nextId, source);
    this.#nextId = (this.#nextId % 0x7fffffff) + 1;
    this.#registrations.set(registration.id, registration);
    this.#activity.stir(this.#now());
    this.#schedule();
    return registration;
  }

  /** Ends all watches and gives the loop's descriptors back. A second call does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    for (const registration of this.#registrations.values()) registration.remove();
    this.#isOpen = false;
    clearTimeout(this.#restTimer);
    this.#poll?.close();
    this.#epoll.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #forget(registration: Registration): void {
    this.#registrations.delete(registration.id);
    if (this.#woken.length > 0) this.#woken = this.#woken.filter((woken) => woken !== registration);
    this.#activity.forget(registration);
    if (this.#registrations.size > 0) return;
    this.#poll?.stop();
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#isBegun = false;
  }

  #schedule(): void {
    if (this.#isInTurn || this.#immediate !== undefined || this.#registrations.size === 0) return;
    this.#poll?.stop();
    this.#immediate = setImmediate(this.#onTurn);
  }

  #runTurn(): void {
    this.#immediate = undefined;
    this.#isInTurn = true;
    const now = this.#now();
    if (!this.#isBegun) this.#begin = now;
    this.#isBegun = false;
    this.#nodeWork.look(now);
    const isShared = this.#nodeWork.isExpected(now);
    this.#dispatch(0);
    if (isShared) this.#activity.leave();
    else this.#work();
    this.#isInTurn = false;
    if (this.#activity.isOver(this.#time)) this.#sleep();
    else if (isShared) this.#share();
    else this.#schedule();
  }

  /** Works until the turn is over, or nothing comes. */
  #work(): void {
    while (this.#time - this.#begin < this.#turn && !this.#isDue(0)) {
      if (!this.#step()) break;
    }
    if (this.#activity.sole === undefined) this.#activity.leave();
  }

  #sleep(): void {
    this.#activity.leave();
    for (const { source } of this.#registrations.values()) this.#guard.call(source, 'onIdle');
    if (isMainThread) this.#watch();
    else if (this.#registrations.size > 0) this.#immediate = setImmediate(this.#onNap);
  }

  /** Waits together with Node, whose own work must not be held up. */
  #share(): void {
    if (isMainThread) {
      this.#watch();
      this.#restTimer ??= setTimeout(this.#onRest, this.#idleAfter).unref();
      return;
    }
    this.#isInTurn = true;
    this.#dispatch(WAIT);
    this.#isInTurn = false;
    this.#schedule();
  }

  /** Looks whether the loop that shares the wait may sleep. */
  #rest(): void {
    this.#restTimer = undefined;
    // A turn that is to come looks itself.
    if (this.#immediate !== undefined || this.#registrations.size === 0) return;
    if (this.#activity.isOver(this.#now())) this.#sleep();
    else this.#share();
  }

  /** Leaves the waiting to Node. */
  #watch(): void {
    if (this.#registrations.size === 0) return;
    if (this.#woken.length > 0) {
      this.#schedule();
      return;
    }
    this.#poll ??= new NodePoll(this.#epoll.fd, () => this.#awake());
    this.#poll.start();
  }

  /**
   * Sleeps in epoll_wait, with a turn of Node's loop in between: a worker has its core to itself, and a watch of Node's
   * would not survive the end of the worker.
   */
  #nap(): void {
    this.#immediate = undefined;
    this.#isInTurn = true;
    this.#begin = this.#now();
    const came = this.#dispatch(
      Math.max(0, Math.min(NAP, Math.ceil(this.clock.due - this.#begin))),
    );
    this.#isInTurn = false;
    if (this.#registrations.size === 0) return;
    if (came) this.#schedule();
    else this.#immediate = setImmediate(this.#onNap);
  }

  /** Answers at once what woke the process, then ends the watch; the turn goes on once Node has seen to what else came. */
  #awake(): void {
    this.#nodeWork.expectOwn();
    this.#isInTurn = true;
    this.#isBegun = true;
    this.#begin = this.#now();
    this.#dispatch(0);
    this.#isInTurn = false;
    this.#schedule();
  }

  /** Waits once, in the way that is right now; false when nothing came. */
  #step(): boolean {
    const isAlone = this.#woken.length === 0 && !this.#isDue(RECEIVE_WAIT);
    const sole = isAlone ? this.#activity.sole : undefined;
    if (sole !== undefined) return this.#receive(sole);
    this.#activity.leave();
    return this.#registrations.size > 0 && this.#dispatch(WAIT);
  }

  /** Whether a timer is due now or so many milliseconds later. */
  #isDue(within: number): boolean {
    return this.clock.isArmed && this.clock.due - this.#time <= within;
  }

  #receive(sole: Registration): boolean {
    this.#activity.stay(sole);
    const came = this.#guard.receive(sole.source);
    if (came && this.#untimed > 0 && !this.clock.isArmed) {
      this.#untimed--;
      return true;
    }
    const now = this.#now();
    this.#untimed = now - this.#time <= QUICK ? TIMED_AT_ONCE - 1 : 0;
    this.#time = now;
    if (came) this.#activity.note(sole, now);
    else this.#activity.missed();
    return came;
  }

  #dispatch(timeout: number): boolean {
    const wereWoken = this.#woken.length > 0;
    if (wereWoken) this.#dispatchWoken();
    const count = this.#isOpen ? this.#wait(wereWoken ? 0 : timeout) : 0;
    this.#time = this.#now();
    for (let index = 0; index < count && this.#isOpen; index++) {
      // Looked up by number: a handler before may have removed it.
      const registration = this.#registrations.get(this.#epoll.id(index));
      if (registration !== undefined) this.#deliver(registration, this.#epoll.mask(index));
    }
    return count > 0 || wereWoken;
  }

  #dispatchWoken(): void {
    const woken = this.#woken;
    this.#woken = [];
    for (const registration of woken) {
      if (!registration.isActive || !registration.watchesReadable) continue;
      this.#guard.call(registration.source, 'onReadable');
      this.#activity.note(registration, this.#time);
    }
  }

  #wait(timeout: number): number {
    try {
      return this.#epoll.wait(timeout);
    } catch (error) {
      this.#onError(error);
      return 0;
    }
  }

  #deliver(registration: Registration, mask: number): void {
    const { source } = registration;
    const isHangup = (mask & (EPOLLHUP | EPOLLERR)) !== 0;
    if ((mask & EPOLLOUT) !== 0) this.#guard.call(source, 'onWritable');
    if (!registration.isActive) return;
    if ((mask & EPOLLIN) !== 0 || (isHangup && registration.watchesReadable)) {
      this.#guard.call(source, 'onReadable');
    } else if (isHangup) {
      if (source.onHangup === undefined) registration.remove();
      else this.#guard.call(source, 'onHangup');
    }
    this.#activity.note(registration, this.#time);
  }
}
