// How long the loop of a process is held up, by whatever: by what it does itself, or because others have the processors.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds between two turns of the loop. */
export interface HeldUp {
  readonly longest: number;
  /** 99 % of the times are shorter. */
  readonly most: number;
}

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

/** The times since the last call. */
export function heldUp(): HeldUp {
  const times = { longest: delay.max / 1e6, most: delay.percentile(99) / 1e6 };
  delay.reset();
  return times;
}
