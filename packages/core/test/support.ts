// A core on a clock that only moves when told, for core's own tests. The shared suite has its own fakes: core cannot
// depend on it.
import { HeapMemory, VfioCore, type CoreOptions, type LogLevel } from '../src/index.ts';

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

export class TestClock {
  #now = 0;
  readonly #timers: { readonly at: number; readonly fire: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, fire: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, fire };
    this.#timers.push(timer);
    return {
      cancel: () => {
        const at = this.#timers.indexOf(timer);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = next.at;
      next.fire();
    }
    this.#now = end;
  }
}

export interface TestCore {
  readonly core: VfioCore;
  readonly clock: TestClock;
  readonly lines: LogLine[];
}

export function testCore(options: CoreOptions = { trace: true }): TestCore {
  const clock = new TestClock();
  const lines: LogLine[] = [];
  const logger = {
    log(level: LogLevel, component: string, message: () => string): void {
      lines.push({ level, text: `${component}: ${message()}` });
    },
  };
  return { core: new VfioCore({ clock, logger, memory: new HeapMemory() }, options), clock, lines };
}
