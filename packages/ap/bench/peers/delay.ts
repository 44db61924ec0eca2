// How long the loop of a process is held up: by what it does itself, and by whatever, which on a machine with others
// is that they have the processors.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The longest times between two turns of the loop, milliseconds. */
export interface HeldUp {
  /** Of this thread's own work. */
  readonly busy: number;
  /** Of all. */
  readonly longest: number;
}

const TURN = 1;
const delay = monitorEventLoopDelay({ resolution: TURN });
let busy = 0;
let last = ownTime();

/** Milliseconds of a processor that this thread has used. */
function ownTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function turn(): void {
  const now = ownTime();
  busy = Math.max(busy, now - last);
  last = now;
}

delay.enable();
setInterval(turn, TURN).unref();

/** The times since the last call. */
export function heldUp(): HeldUp {
  turn();
  const times = { busy, longest: delay.max / 1e6 };
  busy = 0;
  delay.reset();
  return times;
}
