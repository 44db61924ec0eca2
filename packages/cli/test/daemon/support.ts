// Processes and time that a test makes.

import type { Clock, Logger, Timer } from '@vfio-ts/core';
import type {
  DeviceOrder,
  DeviceProcess,
  ProcessEnd,
  ReadyDevice,
} from '../../src/daemon/device-process.ts';

/** Time that stands still until it is told to go on. */
export class TestClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly fire: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, fire: () => void): Timer {
    const timer = { at: this.#now + ms, fire };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#now = next.at;
      this.#timers.delete(next);
      next.fire();
      // oxlint-disable-next-line no-await-in-loop
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Resolves when what has been resolved has been acted on. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    // oxlint-disable-next-line no-await-in-loop
    await Promise.resolve();
  }
}

/** A process that does what a test says. */
export class TestProcess implements DeviceProcess {
  readonly order: DeviceOrder;
  readonly pid: number;
  readonly #ready = Promise.withResolvers<ReadyDevice>();
  readonly #ended = Promise.withResolvers<ProcessEnd>();
  readonly ready: Promise<ReadyDevice> = this.#ready.promise;
  readonly ended: Promise<ProcessEnd> = this.#ended.promise;
  /** What was asked of it. */
  readonly asked: ('stop' | 'kill')[] = [];
  isAlive = true;

  constructor(order: DeviceOrder, pid: number) {
    this.order = order;
    this.pid = pid;
  }

  stop(): void {
    this.asked.push('stop');
  }

  kill(): void {
    this.asked.push('kill');
  }

  async serve(): Promise<void> {
    this.#ready.resolve({ driver: 'mdpy-sample', type: this.order.definition.mdevType });
    await settled();
  }

  async end(reason = 'killed by SIGKILL', isFinal = false): Promise<void> {
    this.isAlive = false;
    this.#ended.resolve({ reason, isFinal });
    await settled();
  }
}

/** Everything a supervisor needs, and what it did with it. */
export function testHost() {
  const clock = new TestClock();
  const processes: TestProcess[] = [];
  const cleaned: string[] = [];
  const lines: string[] = [];
  const logger: Logger = {
    log: (level, component, message) => void lines.push(`${level} ${component}: ${message()}`),
  };
  return {
    clock,
    processes,
    cleaned,
    lines,
    logger,
    parallel: 2,
    start: (order: DeviceOrder): TestProcess => {
      const process = new TestProcess(order, 100 + processes.length);
      processes.push(process);
      return process;
    },
    clean: (socket: string) => void cleaned.push(socket),
    /** The newest process. */
    newest: (): TestProcess => {
      const process = processes.at(-1);
      if (process === undefined) throw new Error('there is no process');
      return process;
    },
  };
}

/** A display, whose UUID ends with a number. */
export function orderOf(n = 1, more: Partial<DeviceOrder> = {}): DeviceOrder {
  const uuid = `83b8f4f2-509f-382f-3c1e-e6bfe0fa1${String(n).padStart(3, '0')}`;
  const definition = { mdevType: 'mdpy-vga', start: 'auto', attrs: [] } as const;
  return {
    uuid,
    parent: 'mdpy',
    definition,
    isDefined: true,
    socket: `/run/vfio-ts/${uuid}.sock`,
    ...more,
  };
}
