// Eventfds for a program that uses a device: one descriptor goes to the device, its duplicate waits on a loop.

import type { MakeSignal } from '@vfio-ts/core';
import { EventFd } from './eventfd.ts';
import { OwnedFd } from './fd.ts';
import { LoopEventFd } from './loop-eventfd.ts';
import type { EventLoop } from './loop.ts';
import * as libc from './native/libc.ts';

/**
 * Makes signals that a loop watches. What waits for a promise that `fire` settles goes on at once.
 *
 * @returns throws `EMFILE`, `ENOMEM`, `ENOSPC`
 */
export function watchedSignals(loop: EventLoop): MakeSignal {
  return (fire) => {
    const watched = LoopEventFd.watched(loop, () => {
      fire();
      loop.endTurn();
    });
    try {
      const signal = new EventFd(new OwnedFd(libc.dup(watched.fd.number)));
      return { signal, close: () => watched.close() };
    } catch (error) {
      watched.close();
      throw error;
    }
  };
}
