// What core asks of its host, on Linux.

import { performance } from 'node:perf_hooks';
import type { Clock, CoreHost, Logger, MemoryBackend, Timer } from '@vfio-ts/core';
import { MemfdBackend } from './memfd.ts';

/** What can be replaced in a {@link linuxHost}. */
export interface LinuxHostOptions {
  /** That of the loop which serves the devices, so that their timers are not held up; one beside it by default. */
  readonly clock?: Clock;
  /** Where log lines go; nowhere by default. */
  readonly logger?: Logger;
  readonly memory?: MemoryBackend;
}

/** Monotonic time since the process began; its timers do not keep the process alive. */
export class LinuxClock implements Clock {
  now(): number {
    return performance.now();
  }

  after(ms: number, fire: () => void): Timer {
    const timer = setTimeout(fire, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}

const silent: Logger = { log: () => undefined };

/** A host over memfds and Node's clock. */
export function linuxHost(options: LinuxHostOptions = {}): CoreHost {
  return {
    clock: options.clock ?? new LinuxClock(),
    logger: options.logger ?? silent,
    memory: options.memory ?? new MemfdBackend(),
  };
}
