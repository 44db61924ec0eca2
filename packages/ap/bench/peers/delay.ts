// How long the loop of a process is held up: by what it does itself, and by whatever, which on a machine with others
// is that they have the processors. Looking takes some of a processor too, so it is done while that is asked for.
//
// What the loop does itself takes time of a processor, and is no time in which Node waits. Either alone says more than
// there is: a virtual machine is at times charged for what its host does while the thread sleeps, and a thread that is
// ready may have to wait for a processor. Both together still say too much while the host takes the processor from a
// thread that runs, or half of it: a thread that did nothing but read its clock was charged with up to 30 ms between two
// readings. That comes in bursts of some ten milliseconds, and of a loop that always does the same as much is said.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
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
  let used = threadTime();
  let awake = performance.eventLoopUtilization();
  function turn(): void {
    const usedNow = threadTime();
    const awakeNow = performance.eventLoopUtilization();
    busy = Math.max(busy, Math.min(usedNow - used, awakeNow.active - awake.active));
    used = usedNow;
    awake = awakeNow;
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
