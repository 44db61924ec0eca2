// How long the loop of a process is held up: by what it does itself, and by whatever, which on a machine with others
// is that they have the processors. Looking takes some of a processor too, so it is done while that is asked for.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { threadTime } from '../../../vfio-user/bench/support/thread-time.ts';

/** The longest times between two turns of the loop, milliseconds. */
export interface HeldUp {
  /** Of this thread's own work. */
  readonly busy: number;
  /** Of all. */
  readonly longest: number;
}

const TURN = 1;

/** Looks from now on. What it returns ends that, and tells what was seen. */
export function watchDelay(): () => HeldUp {
  const delay = monitorEventLoopDelay({ resolution: TURN });
  let busy = 0;
  let last = threadTime();
  function turn(): void {
    const now = threadTime();
    busy = Math.max(busy, now - last);
    last = now;
  }
  delay.enable();
  const timer = setInterval(turn, TURN);
  return () => {
    turn();
    delay.disable();
    clearInterval(timer);
    return { busy, longest: delay.max / 1e6 };
  };
}
