// Guests behind a real socket: server, client, eventfds and memfds in one process.

import { EventLoop, MemfdBackend, watchedSignals } from '@vfio-ts/vfio-user';
import { wire } from '@vfio-ts/vfio-user/testing';
import type { Way } from './machine.ts';

// The other end is in this process too: a wait in the loop would only keep it from running.
const loop = new EventLoop({ turn: 0 });

/** Over the wire. */
export function overTheSocket(): Way {
  return {
    name: 'over the wire',
    deviceMemory: new MemfdBackend(),
    connect: (vdev) => wire.connect(vdev),
    guestMemory: new MemfdBackend(),
    makeSignal: watchedSignals(loop),
  };
}
