// Concepts: one thread waits for all descriptors, in one of three ways chosen by load. While one connection is
// busy, the thread blocks in that connection's receive, which wakes as fast as it can be woken. While several
// are busy it blocks in epoll_wait. After some idle milliseconds it leaves the waiting to Node's own event loop,
// which watches the epoll descriptor, and the process sleeps; a worker's loop sleeps in epoll_wait. However busy it
// is, it returns to Node about once a millisecond, so that timers, promises and everything else of the process run.

import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { VfioError } from '@vfio-ts/core';
import { Activity } from './loop/activity.ts';
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

/** The loop that all descriptors of one thread share. Runs by itself while it has sources. */
export class EventLoop {
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
  readonly #now: () => number;
  readonly #turn: number;
  readonly #activity: Activity;
  readonly #onError: (error: unknown) => void;
  #poll: NodePoll | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #isOpen = true;
  #isInTurn = false;
  #nextId = 1;
  /** The last reading of the clock. */
  #time = 0;
  /** When the turn began. */
  #begin = 0;

  /** @throws `EMFILE`, `ENOMEM` */
  constructor(options: LoopOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#turn = options.turn ?? 1;
    this.#activity = new Activity(options.idleAfter ?? 4, ({ source }, error) => {
      this.#report(source, error);
    });
    this.#onError =
      options.onError ??
      ((error) => process.emitWarning(error instanceof Error ? error : new Error(String(error))));
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
  }

  #schedule(): void {
    if (this.#isInTurn || this.#immediate !== undefined || this.#registrations.size === 0) return;
    this.#poll?.stop();
    this.#immediate = setImmediate(this.#onTurn);
  }

  #runTurn(): void {
    this.#immediate = undefined;
    this.#isInTurn = true;
    this.#begin = this.#now();
    this.#dispatch(0);
    while (this.#time - this.#begin < this.#turn) {
      if (!this.#step()) break;
    }
    if (this.#activity.sole === undefined) this.#activity.leave();
    this.#isInTurn = false;
    if (this.#activity.isOver(this.#time)) this.#sleep();
    else this.#schedule();
  }

  #sleep(): void {
    this.#activity.leave();
    for (const { source } of this.#registrations.values()) this.#guard(source, 'onIdle');
    if (this.#registrations.size === 0) return;
    if (this.#woken.length > 0) {
      this.#schedule();
      return;
    }
    if (isMainThread) {
      this.#poll ??= new NodePoll(this.#epoll.fd, () => this.#awake());
      this.#poll.start();
    } else {
      this.#immediate = setImmediate(this.#onNap);
    }
  }

  /**
   * Sleeps in epoll_wait, with a turn of Node's loop in between: a worker has its core to itself, and a watch of Node's
   * would not survive the end of the worker.
   */
  #nap(): void {
    this.#immediate = undefined;
    this.#isInTurn = true;
    this.#begin = this.#now();
    const came = this.#dispatch(NAP);
    this.#isInTurn = false;
    if (this.#registrations.size === 0) return;
    if (came) this.#schedule();
    else this.#immediate = setImmediate(this.#onNap);
  }

  /** Answers at once what woke the process, then ends the watch; the turn that follows lets promises run. */
  #awake(): void {
    this.#isInTurn = true;
    this.#begin = this.#now();
    this.#dispatch(0);
    this.#isInTurn = false;
    this.#schedule();
  }

  /** Waits once, in the way that is right now; false when nothing came. */
  #step(): boolean {
    const sole = this.#woken.length > 0 ? undefined : this.#activity.sole;
    if (sole !== undefined) return this.#receive(sole);
    this.#activity.leave();
    return this.#registrations.size > 0 && this.#dispatch(WAIT);
  }

  #receive(sole: Registration): boolean {
    this.#activity.stay(sole);
    const came = this.#receiveFrom(sole.source);
    this.#time = this.#now();
    if (came) this.#activity.note(sole, this.#time);
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
      this.#guard(registration.source, 'onReadable');
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
    if ((mask & EPOLLOUT) !== 0) this.#guard(source, 'onWritable');
    if (!registration.isActive) return;
    if ((mask & EPOLLIN) !== 0 || (isHangup && registration.watchesReadable)) {
      this.#guard(source, 'onReadable');
    } else if (isHangup) {
      if (source.onHangup === undefined) registration.remove();
      else this.#guard(source, 'onHangup');
    }
    this.#activity.note(registration, this.#time);
  }

  #guard(
    source: LoopSource,
    call: Exclude<keyof LoopSource, 'fd' | 'isEdge' | 'onError'>,
  ): boolean {
    try {
      return source[call]?.() === true;
    } catch (error) {
      this.#report(source, error);
      return false;
    }
  }

  #receiveFrom(source: LoopSource): boolean {
    try {
      return source.receive?.() === true;
    } catch (error) {
      this.#report(source, error);
      return false;
    }
  }

  #report(source: LoopSource, error: unknown): void {
    try {
      if (source.onError === undefined) this.#onError(error);
      else source.onError(error);
    } catch {
      // Nobody is left to tell.
    }
  }
}
