// What a client does with descriptors.

import type { Clock, EventSignal, Logger, MemoryMapping, SharedMemory } from '@vfio-ts/core';
import type { Fd } from '../fd.ts';

/** The operating system below a client. */
export interface ClientHost {
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Maps a part of a file, shared. `fd` stays the caller's.
   *
   * @throws `EINVAL` the file does not hold the range, or not page aligned
   */
  mapFile(fd: Fd, offset: number, length: number, writable: boolean): MemoryMapping;
  /** The eventfd of a signal, still owned by it; `undefined` when it has none. */
  signalFd(signal: EventSignal): Fd | undefined;
  /** The descriptor that `memory` stands on, still owned by it; `undefined` when it has none. */
  memoryFd(memory: SharedMemory): Fd | undefined;
}
