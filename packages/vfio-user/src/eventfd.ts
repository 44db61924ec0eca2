// The edge a device sends, as an eventfd.

import { VfioError, type EventSignal } from '@vfio-ts/core';
import { type Fd, OwnedFd } from './fd.ts';
import { canSignal, signalEventFd } from './native/aio.ts';
import { O_NONBLOCK } from './native/constants.ts';
import { WOULD_BLOCK } from './native/failure.ts';
import { raw } from './native/ffi.ts';
import { read, write } from './native/file.ts';
import * as libc from './native/libc.ts';

const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** True when a descriptor is an eventfd and not some other file that would take eight bytes. */
export function isEventFd(fd: Fd): boolean {
  if (fd.number < 0) return false;
  try {
    return libc.readlink(`/proc/self/fd/${fd.number}`) === 'anon_inode:[eventfd]';
  } catch {
    return false;
  }
}

/**
 * How an eventfd is signalled. `guarded`: in a way that cannot block, whatever its peer does to it. `trusted`: by a
 * plain write, which costs half, but stops this process while the counter of a blocking eventfd is full.
 */
export type SignalPolicy = 'guarded' | 'trusted';

/** An eventfd that this object owns. */
export class EventFd implements EventSignal {
  /** The descriptor, for sending it to a peer. */
  readonly fd: Fd;
  readonly #isGuarded: boolean;

  /**
   * Takes over a descriptor. Where the kernel gives no way to signal it without blocking, a guarded one is made
   * nonblocking for all who share it: a counter at its maximum must not stop this process.
   *
   * @throws `EINVAL` not an eventfd; the descriptor is then still the caller's
   */
  constructor(fd: Fd, policy: SignalPolicy = 'guarded') {
    if (!isEventFd(fd)) {
      throw new VfioError('EINVAL', 'EventFd', `descriptor ${fd.number} is not an eventfd`);
    }
    this.#isGuarded = policy === 'guarded' && canSignal();
    if (policy === 'guarded' && !this.#isGuarded) {
      const flags = libc.statusFlags(fd.number);
      if ((flags & O_NONBLOCK) === 0) libc.setStatusFlags(fd.number, flags | O_NONBLOCK);
    }
    this.fd = fd;
  }

  /** A new eventfd with counter 0. @throws `EMFILE`, `ENOMEM` */
  static create(): EventFd {
    const fd = new OwnedFd(libc.eventfd());
    try {
      return new EventFd(fd);
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /** Adds one. A counter at its maximum stays there, and a closed descriptor is left alone. */
  signal(): void {
    const { number } = this.fd;
    if (number < 0) return;
    if (!this.#isGuarded || !signalEventFd(number)) raw.write(number, ONE, 8);
  }

  /** Takes the counter and leaves 0; 0 when nothing was signalled. */
  read(): number {
    const value = new BigUint64Array(1);
    const result = read(this.fd.number, new Uint8Array(value.buffer));
    return result === WOULD_BLOCK ? 0 : Number(value[0]);
  }

  /** Adds `count` at once. @throws `EINVAL` more than the counter can hold */
  add(count: bigint): void {
    write(this.fd.number, new Uint8Array(BigUint64Array.of(count).buffer));
  }

  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
