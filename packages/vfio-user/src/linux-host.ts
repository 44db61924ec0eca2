// Sessions and clients on a real operating system.

import { VfioError, type Clock, type Logger } from '@vfio-ts/core';
import type { ClientHost } from './client/host.ts';
import { EventFd } from './eventfd.ts';
import type { EventLoop } from './loop.ts';
import { LoopEventFd } from './loop-eventfd.ts';
import { mapClientMemory, mapRegion, type MappingPolicy } from './mapping.ts';
import { hasFd } from './memfd.ts';
import { fstat } from './native/libc.ts';
import type { SessionHost } from './session-host.ts';

/**
 * Descriptors of Linux for a server.
 *
 * @param policy - which client memory is mapped, see {@link MappingPolicy}; a trusted client's eventfds are signalled
 * by plain writes, see {@link SignalPolicy}
 * @param loop - watches what clients signal; without one a client cannot signal the device
 */
export function linuxSessionHost(policy: MappingPolicy = 'sealed', loop?: EventLoop): SessionHost {
  const signals = policy === 'trusted' ? 'trusted' : 'guarded';
  return {
    eventSignal: (fd) =>
      loop === undefined ? new EventFd(fd, signals) : new LoopEventFd(fd, loop, signals),
    watchedSignal(fire) {
      if (loop !== undefined) return LoopEventFd.watched(loop, fire);
      throw new VfioError('EOPNOTSUPP', 'watchedSignal', 'this host has no loop');
    },
    clientMemory: (fd, { offset, size, readable, writable, fileIo }) => {
      const access = { read: readable, write: writable };
      return mapClientMemory(fd, offset, size, access, policy, fileIo);
    },
    fileIdentity: (fd) => fstat(fd.number).identity,
    memoryFd: (memory) => (hasFd(memory) ? memory.fd : undefined),
  };
}

/** Descriptors of Linux for a client. */
export function linuxClientHost(clock: Clock, logger: Logger): ClientHost {
  return {
    clock,
    logger,
    mapFile: mapRegion,
    signalFd: (signal) => (signal instanceof EventFd ? signal.fd : undefined),
    memoryFd: (memory) => (hasFd(memory) ? memory.fd : undefined),
  };
}
