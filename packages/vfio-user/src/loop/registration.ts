// A source's place in the set of descriptors that a loop waits for.

import { EPOLLET, EPOLLIN, EPOLLOUT } from '../native/constants.ts';
import type { Epoll } from '../native/epoll.ts';
import type { LoopRegistration, LoopSource } from './source.ts';

/** Who is told by registrations. */
export interface RegistrationOwner {
  wake(registration: Registration): void;
  forget(registration: Registration): void;
}

/** A source in a loop's set. */
export class Registration implements LoopRegistration {
  /** What its events carry. */
  readonly id: number;
  readonly source: LoopSource;
  readonly #owner: RegistrationOwner;
  readonly #epoll: Epoll;
  readonly #fd: number;
  /** What it is watched for, and what the set knows of that. */
  #mask = 0;
  #installed = 0;
  #isParked = false;
  #isActive = true;

  /** @throws `EBADF`, `EEXIST`, `EPERM` a plain file, `ENOMEM`, `ENOSPC` */
  constructor(owner: RegistrationOwner, epoll: Epoll, id: number, source: LoopSource) {
    this.#owner = owner;
    this.#epoll = epoll;
    this.id = id;
    this.source = source;
    this.#fd = source.fd;
    this.watch(true, false);
  }

  /** False once removed. */
  get isActive(): boolean {
    return this.#isActive;
  }

  get watchesReadable(): boolean {
    return (this.#mask & EPOLLIN) !== 0;
  }

  get watchesWritable(): boolean {
    return (this.#mask & EPOLLOUT) !== 0;
  }

  watch(readable: boolean, writable: boolean): void {
    const mask = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
    if (!this.#isActive) return;
    if (!this.#isParked) this.#install(mask);
    this.#mask = mask;
  }

  /**
   * Takes the descriptor out of the set while its own `receive` waits for it, or puts it back: each message is
   * cheaper for both ends then, for the kernel tells nobody else of it.
   *
   * @throws `ENOMEM`, `ENOSPC`
   */
  park(isParked: boolean): void {
    if (!this.#isActive) return;
    this.#install(isParked ? 0 : this.#mask);
    this.#isParked = isParked;
  }

  #install(mask: number): void {
    if (mask === this.#installed) return;
    // A source that wants nothing leaves the set, where the end of its peer would wake the loop for ever.
    const events = this.source.isEdge === true ? mask | EPOLLET : mask;
    if (this.#installed === 0) this.#epoll.add(this.#fd, events, this.id);
    else if (mask === 0) this.#epoll.remove(this.#fd);
    else this.#epoll.modify(this.#fd, events, this.id);
    this.#installed = mask;
  }

  wake(): void {
    if (this.#isActive) this.#owner.wake(this);
  }

  remove(): void {
    if (!this.#isActive) return;
    try {
      this.#install(0);
    } catch {
      // The descriptor was closed before and left the set by that.
    }
    this.#mask = 0;
    this.#isActive = false;
    this.#owner.forget(this);
  }
}
