// A session's host that counts what the device does to its client.

import type { DmaBacking, EventSignal } from '@vfio-ts/core';
import type { SessionHost } from '../session-host.ts';
import { COUNTED, type Counters } from './counters.ts';

class CountingSignal implements EventSignal {
  readonly #signal: EventSignal;
  readonly #counters: Counters;
  readonly watch?: (fire: () => void) => void;

  constructor(signal: EventSignal, counters: Counters) {
    this.#signal = signal;
    this.#counters = counters;
    if (signal.watch !== undefined) this.watch = (fire) => signal.watch?.(fire);
  }

  signal(): void {
    this.#counters.count(COUNTED.IRQS, 1);
    this.#signal.signal();
  }

  close(): void {
    this.#signal.close();
  }
}

/** Mapped memory is the device's to use without a call, so there is nothing to count it by. */
function countingBacking(backing: DmaBacking, counters: Counters): DmaBacking {
  if (backing.kind !== 'file') return backing;
  return {
    kind: 'file',
    read(offset, into) {
      backing.read(offset, into);
      counters.count(COUNTED.DMA_READ, into.length);
    },
    write(offset, from) {
      backing.write(offset, from);
      counters.count(COUNTED.DMA_WRITTEN, from.length);
    },
    revoke: () => backing.revoke(),
  };
}

/** The same host; signals and transfers of what it makes are counted. */
export function countingHost(host: SessionHost, counters: Counters): SessionHost {
  return {
    eventSignal: (fd) => new CountingSignal(host.eventSignal(fd), counters),
    watchedSignal: (fire) => host.watchedSignal(fire),
    clientMemory: (fd, memory) => countingBacking(host.clientMemory(fd, memory), counters),
    fileIdentity: (fd) => host.fileIdentity(fd),
    memoryFd: (memory) => host.memoryFd(memory),
  };
}
