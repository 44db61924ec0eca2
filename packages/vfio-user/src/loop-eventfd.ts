// An eventfd that a loop watches.
//
// Concepts: the other side has the same open file, with its flags and its counter, so a read could block for ever.
// Nothing is read: each signal wakes an edge-triggered watch, and the counter is left to count.

import { VfioError, type EventSignal } from '@vfio-ts/core';
import { EventFd, type SignalPolicy } from './eventfd.ts';
import { OwnedFd, type Fd } from './fd.ts';
import type { EventLoop, LoopRegistration } from './loop.ts';
import * as libc from './native/libc.ts';

/** An eventfd that can be waited for. */
export class LoopEventFd extends EventFd implements EventSignal {
  readonly #loop: EventLoop;
  #registration: LoopRegistration | undefined;

  /** Takes over a descriptor. @throws `EINVAL` not an eventfd; the descriptor is then still the caller's */
  constructor(fd: Fd, loop: EventLoop, policy?: SignalPolicy) {
    super(fd, policy);
    this.#loop = loop;
  }

  /**
   * A new one, that calls `fire` for what the other side signals.
   *
   * @throws `EMFILE`, `ENOMEM`, `ENOSPC`
   */
  static watched(loop: EventLoop, fire: () => void): LoopEventFd {
    const fd = new OwnedFd(libc.eventfd());
    try {
      const event = new LoopEventFd(fd, loop);
      event.watch(fire);
      return event;
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /**
   * Calls `fire` for what the other side signals from now on, or has signalled before, until `close`. Signals that
   * come close together may be one.
   *
   * @throws `EINVAL` watched already, `EBADF` closed, `ENOMEM`, `ENOSPC`
   */
  watch(fire: () => void): void {
    if (this.#registration !== undefined) {
      throw new VfioError('EINVAL', 'watch', `descriptor ${this.fd.number} is watched already`);
    }
    this.#registration = this.#loop.add({
      fd: this.fd.number,
      isEdge: true,
      onReadable: fire,
    });
  }

  override close(): void {
    // Must precede close: the number may be another file's from then on.
    this.#registration?.remove();
    super.close();
  }
}
