// Concepts: one thread waits for all descriptors, in one of three ways chosen by load. While one connection is
// busy, the thread blocks in that connection's receive, which wakes as fast as it can be woken. While several
// are busy it blocks in epoll_wait. After some idle milliseconds it leaves the waiting to Node's own event loop,
// which watches the epoll descriptor, and the process sleeps; a worker's loop sleeps in epoll_wait. However busy it
// is, it returns to Node about once a millisecond, so that timers, promises and everything else of the process run.

import { isMainThread } from 'node:worker_threads';
import { VfioError } from '@vfio-ts/core';
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT } from './native/constants.ts';
import { Epoll } from './native/epoll.ts';
import { NodePoll } from './native/poll.ts';

/** A descriptor and what to do about it. None of the functions blocks, but `receive`. */
export interface LoopSource {
  /** The descriptor; stays open and the same until the registration is removed. */
  readonly fd: number;
  /** `onReadable` is called once for each time more comes, whether or not anything is read. */
  readonly isEdge?: boolean;
  /** The descriptor is readable, or its peer is gone. Handles a bounded amount and returns. */
  onReadable(): void;
  /** The descriptor is writable. */
  onWritable?(): void;
  /** The peer is gone while nothing is read. Without it the source is removed. */
  onHangup?(): void;
  /**
   * Waits a few milliseconds at most for something to read and handles it.
   *
   * @returns false when the time was out
   */
  receive?(): boolean;
  /** The loop goes to sleep: memory kept for speed can be given back. */
  onIdle?(): void;
  /** One of the functions threw. */
  onError?(error: unknown): void;
}

/** A source in a loop. */
export interface LoopRegistration {
  /** What the descriptor is watched for; at first for reading only. */
  watch(readable: boolean, writable: boolean): void;
  /** Calls `onReadable` soon, whether or not the descriptor is readable. */
  wake(): void;
  /** Ends the watch; afterwards the descriptor may be closed. A second call does nothing. */
  remove(): void;
}

/** How a loop waits. Times are milliseconds of `now`. */
export interface LoopOptions {
  /** The clock, by default `performance.now`. */
  readonly now?: () => number;
  /** How long the loop works before Node has a turn; 1. */
  readonly turn?: number;
  /** How long it stays awake with nothing to do; 4. */
  readonly idleAfter?: number;
  /** What a source without `onError` threw; by default a warning of the process. */
  readonly onError?: (error: unknown) => void;
}

/** Longest single wait of an awake loop, in milliseconds. */
const WAIT = 1;
/** How long a worker's idle loop sleeps before Node has a turn, in milliseconds. */
const NAP = 20;

interface RegistrationOwner {
  wake(registration: Registration): void;
  forget(registration: Registration): void;
}

class Registration implements LoopRegistration {
  readonly id: number;
  readonly source: LoopSource;
  readonly #owner: RegistrationOwner;
  readonly #epoll: Epoll;
  readonly #fd: number;
  #mask = 0;
  isActive = true;

  constructor(owner: RegistrationOwner, epoll: Epoll, id: number, source: LoopSource) {
    this.#owner = owner;
    this.#epoll = epoll;
    this.id = id;
    this.source = source;
    this.#fd = source.fd;
    this.watch(true, false);
  }

  get watchesReadable(): boolean {
    return (this.#mask & EPOLLIN) !== 0;
  }

  get watchesWritable(): boolean {
    return (this.#mask & EPOLLOUT) !== 0;
  }

  watch(readable: boolean, writable: boolean): void {
    const mask = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
    if (!this.isActive || mask === this.#mask) return;
    // A source that wants nothing leaves the set, where the end of its peer would wake the loop for ever.
    const events = this.source.isEdge === true ? mask | EPOLLET : mask;
    if (this.#mask === 0) this.#epoll.add(this.#fd, events, this.id);
    else if (mask === 0) this.#epoll.remove(this.#fd);
    else this.#epoll.modify(this.#fd, events, this.id);
    this.#mask = mask;
  }

  wake(): void {
    if (this.isActive) this.#owner.wake(this);
  }

  remove(): void {
    if (!this.isActive) return;
    try {
      this.watch(false, false);
    } catch {
      // The descriptor was closed before and left the set by that.
    }
    this.isActive = false;
    this.#owner.forget(this);
  }
}

/** The loop that all descriptors of one thread share. Runs by itself while it has sources. */
export class EventLoop {
  readonly #epoll = new Epoll();
  readonly #registrations = new Map<number, Registration>();
  readonly #woken = new Set<Registration>();
  readonly #owner: RegistrationOwner = {
    wake: (registration) => {
      this.#woken.add(registration);
      this.#schedule();
    },
    forget: (registration) => this.#forget(registration),
  };
  readonly #now: () => number;
  readonly #turn: number;
  readonly #idleAfter: number;
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
  #lastActivity = 0;
  /** The source that was busy last, when it was, and when any other was. */
  #recent: Registration | undefined;
  #recentAt = -Infinity;
  #otherAt = -Infinity;
  #isHot = false;

  /** @throws `EMFILE`, `ENOMEM` */
  constructor(options: LoopOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#turn = options.turn ?? 1;
    this.#idleAfter = options.idleAfter ?? 4;
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
    this.#lastActivity = this.#now();
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
    this.#woken.delete(registration);
    if (this.#recent === registration) this.#recent = undefined;
    if (this.#registrations.size > 0) return;
    this.#poll?.stop();
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }

  #schedule(): void {
    if (this.#isInTurn || this.#immediate !== undefined || this.#registrations.size === 0) return;
    this.#poll?.stop();
    this.#immediate = setImmediate(() => this.#runTurn());
  }

  #runTurn(): void {
    this.#immediate = undefined;
    this.#isInTurn = true;
    this.#begin = this.#now();
    this.#dispatch(0);
    while (this.#time - this.#begin < this.#turn && this.#registrations.size > 0) {
      const sole = this.#soleSource();
      const came = sole === undefined ? this.#dispatch(WAIT) : this.#receive(sole);
      if (!came) break;
    }
    this.#isInTurn = false;
    if (this.#time - this.#lastActivity < this.#idleAfter) this.#schedule();
    else this.#sleep();
  }

  #sleep(): void {
    for (const { source } of this.#registrations.values()) this.#guard(source, 'onIdle');
    if (this.#registrations.size === 0) return;
    if (this.#woken.size > 0) {
      this.#schedule();
      return;
    }
    if (isMainThread) {
      this.#poll ??= new NodePoll(this.#epoll.fd, () => this.#awake());
      this.#poll.start();
    } else {
      this.#immediate = setImmediate(() => this.#nap());
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
    else this.#immediate = setImmediate(() => this.#nap());
  }

  /** Answers at once what woke the process, then ends the watch; the turn that follows lets promises run. */
  #awake(): void {
    this.#isInTurn = true;
    this.#begin = this.#now();
    this.#dispatch(0);
    this.#isInTurn = false;
    this.#schedule();
  }

  /**
   * The only source that was busy of late, when messages follow one another so closely that a wait of its own,
   * which the kernel may make several milliseconds long, is not expected to be waited out.
   */
  #soleSource(): Registration | undefined {
    const recent = this.#recent;
    if (!this.#isHot || recent?.source.receive === undefined) return undefined;
    if (recent.watchesWritable || !recent.watchesReadable || this.#woken.size > 0) return undefined;
    return this.#recentAt - this.#otherAt >= this.#idleAfter ? recent : undefined;
  }

  #receive(sole: Registration): boolean {
    const came = this.#guard(sole.source, 'receive');
    this.#time = this.#now();
    if (came) this.#active(sole);
    else this.#isHot = false;
    return came;
  }

  /** Keeps account of a source that had something to do at the last reading of the clock. */
  #active(registration: Registration): void {
    const now = this.#time;
    this.#lastActivity = now;
    if (!registration.isActive) return;
    if (this.#recent === registration) {
      this.#isHot = now - this.#recentAt <= WAIT;
    } else {
      this.#otherAt = this.#recentAt;
      this.#recent = registration;
      this.#isHot = false;
    }
    this.#recentAt = now;
  }

  #dispatch(timeout: number): boolean {
    const wereWoken = this.#woken.size > 0;
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
    const woken = [...this.#woken];
    this.#woken.clear();
    for (const registration of woken) {
      if (!registration.isActive || !registration.watchesReadable) continue;
      this.#guard(registration.source, 'onReadable');
      this.#active(registration);
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
    this.#active(registration);
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

  #report(source: LoopSource, error: unknown): void {
    try {
      if (source.onError === undefined) this.#onError(error);
      else source.onError(error);
    } catch {
      // Nobody is left to tell.
    }
  }
}
