// `struct epoll_event`: packed to 12 bytes on x86-64, 16 bytes elsewhere.

import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from './constants.ts';
import { checked, failure, interrupted } from './failure.ts';
import { raw } from './ffi.ts';
import { mapPrivate, type NativeMemory, PAGE_SIZE } from './memory.ts';
import { acquiredFd, releasedFd } from './thread.ts';

const EVENT_SIZE = process.arch === 'x64' ? 12 : 16;
const EVENT_DATA = EVENT_SIZE - 8;
const MAX_EVENTS = 64;

/** A set of descriptors and what has happened to them. */
export class Epoll {
  /** The set's own descriptor; -1 once closed. */
  fd: number;
  readonly #memory: NativeMemory;
  readonly #events: DataView;
  readonly #event = new Uint8Array(new ArrayBuffer(16));
  readonly #eventView = new DataView(this.#event.buffer);

  /** @throws `EMFILE`, `ENOMEM` */
  constructor() {
    this.#memory = mapPrivate(PAGE_SIZE);
    this.#events = new DataView(this.#memory.bytes.buffer);
    try {
      this.fd = checked(raw.epoll_create1(EPOLL_CLOEXEC), 'epoll_create1', 'close-on-exec');
      acquiredFd(this.fd);
    } catch (error) {
      this.#memory.unmap();
      throw error;
    }
  }

  #control(op: number, fd: number, mask: number, id: number): void {
    this.#eventView.setUint32(0, mask, true);
    this.#eventView.setUint32(EVENT_DATA, id, true);
    checked(raw.epoll_ctl(this.fd, op, fd, this.#event), 'epoll_ctl', `descriptor ${fd}`);
  }

  /** Watches `fd` for `mask`; its events carry `id`. @throws `EEXIST`, `ENOMEM`, `ENOSPC`, `EPERM` a plain file */
  add(fd: number, mask: number, id: number): void {
    this.#control(EPOLL_CTL_ADD, fd, mask, id);
  }

  /** Changes what `fd` is watched for. @throws `ENOENT` */
  modify(fd: number, mask: number, id: number): void {
    this.#control(EPOLL_CTL_MOD, fd, mask, id);
  }

  /** Stops watching `fd`. @throws `ENOENT` */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /**
   * Waits up to `timeout` milliseconds.
   *
   * @returns how many events there are, for {@link id} and {@link mask}; an interrupted wait gives 0
   */
  wait(timeout: number): number {
    const count = raw.epoll_wait(this.fd, this.#memory.address, MAX_EVENTS, timeout);
    if (count >= 0) return count;
    if (interrupted()) return 0;
    throw failure('epoll_wait', `descriptor ${this.fd}`);
  }

  /** The id of event number `index` of the last wait. */
  id(index: number): number {
    return this.#events.getUint32(index * EVENT_SIZE + EVENT_DATA, true);
  }

  /** What happened in event number `index` of the last wait, `EPOLL*`. */
  mask(index: number): number {
    return this.#events.getUint32(index * EVENT_SIZE, true);
  }

  /** Gives the set back. A second call does nothing. */
  close(): void {
    if (this.fd < 0) return;
    releasedFd(this.fd);
    raw.close(this.fd);
    this.fd = -1;
    this.#memory.unmap();
  }
}
