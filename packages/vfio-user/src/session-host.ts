// What a session does with descriptors, so that it can be run over descriptors that are none.

import type { DmaBacking, EventSignal, SharedMemory } from '@vfio-ts/core';
import type { Fd } from './fd.ts';

/** How a client wants its memory to be reached. */
export interface ClientMemory {
  /** Where in the file the range starts, bytes. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** The device may read it. */
  readonly readable: boolean;
  /** The device may write to it. */
  readonly writable: boolean;
  /** The client asked for `pread` and `pwrite` instead of a mapping. */
  readonly fileIo: boolean;
}

/** A descriptor through which a client tells a device something. */
export interface WatchedSignal {
  /** Owned by the signal. */
  readonly fd: Fd;
  /** Ends the watch and closes the descriptor. A second call does nothing. */
  close(): void;
}

/** The descriptors of a session's operating system. */
export interface SessionHost {
  /**
   * Makes a signal of an eventfd. Takes `fd` on success.
   *
   * @throws `EINVAL` `fd` is no eventfd
   */
  eventSignal(fd: Fd): EventSignal;
  /**
   * Makes an eventfd for a client to signal.
   *
   * @param fire - called after one or more signals; must not throw
   * @throws `EOPNOTSUPP` this host cannot wait, `EMFILE`
   */
  watchedSignal(fire: () => void): WatchedSignal;
  /**
   * Makes client memory reachable. Takes `fd` on success.
   *
   * @throws `EINVAL` the file does not hold the range, or not page aligned
   */
  clientMemory(fd: Fd, memory: ClientMemory): DmaBacking;
  /** Something equal for two descriptors of one file, and only then. */
  fileIdentity(fd: Fd): string;
  /** The descriptor that `memory` stands on, still owned by it; `undefined` when it has none. */
  memoryFd(memory: SharedMemory): Fd | undefined;
}
