// Hosts of sessions and clients over fake descriptors.

import {
  HeapMemory,
  VfioError,
  type Clock,
  type EventSignal,
  type Logger,
  type LogLevel,
  type MemoryMapping,
  type SharedMemory,
  type Timer,
} from '@vfio-ts/core';
import type { ClientHost } from '../../../src/client/host.ts';
import type { Fd } from '../../../src/fd.ts';
import type { SessionHost } from '../../../src/session-host.ts';
import { fileOf, type FakeFile, type FdTable } from './fake-fd.ts';

export class FakeSignal implements EventSignal {
  readonly fd: Fd;
  closed = false;

  constructor(fd: Fd) {
    this.fd = fd;
  }

  signal(): void {
    const file = fileOf(this.fd);
    if (file.kind === 'eventfd') file.count++;
  }

  close(): void {
    this.closed = true;
    this.fd.close();
  }
}

/** Heap memory with a fake descriptor. */
export class FakeMemory implements SharedMemory {
  readonly fd: Fd;
  readonly #inner: SharedMemory;

  constructor(table: FdTable, name: string, size: number) {
    this.#inner = new HeapMemory().alloc(name, size);
    this.fd = table.open({ kind: 'file', name, bytes: this.#inner.bytes });
  }

  get size(): number {
    return this.#inner.size;
  }

  get bytes(): Uint8Array {
    return this.#inner.bytes;
  }

  map(offset: number, length: number): MemoryMapping {
    return this.#inner.map(offset, length);
  }

  close(): void {
    this.#inner.close();
    this.fd.close();
  }
}

/** What watches the fake eventfds that a server has made: a test signals by firing. */
export const watchers: WeakMap<FakeFile, () => void> = new WeakMap();

/** Fake descriptors of one test. */
export function sessionHostOf(table: FdTable): SessionHost {
  return {
    ...sessionHost,
    watchedSignal(fire) {
      const fd = table.eventfd();
      watchers.set(fd.file, fire);
      return {
        fd,
        close() {
          watchers.delete(fd.file);
          fd.close();
        },
      };
    },
  };
}

/** Without a table of its own it cannot make descriptors. */
export const sessionHost: SessionHost = {
  watchedSignal() {
    throw new VfioError('EOPNOTSUPP', 'watchedSignal', 'no table');
  },
  eventSignal(fd) {
    if (fileOf(fd).kind !== 'eventfd') {
      throw new VfioError('EINVAL', 'eventSignal', 'descriptor is no eventfd');
    }
    return new FakeSignal(fd);
  },
  clientMemory(fd, { offset, size }) {
    const file = fileOf(fd);
    if (file.kind !== 'file' || offset + size > file.bytes.length) {
      throw new VfioError('EINVAL', 'clientMemory', 'file does not hold the range');
    }
    const bytes = file.bytes.subarray(offset, offset + size);
    return { kind: 'mapped', bytes, revoke: () => fd.close() };
  },
  fileIdentity: (fd) => {
    const file = fileOf(fd);
    return file.kind === 'file' ? file.name : `fd ${fd.number}`;
  },
  memoryFd: (memory) => (memory instanceof FakeMemory ? memory.fd : undefined),
};

export function clientHost(clock: Clock, logger: Logger): ClientHost {
  return {
    clock,
    logger,
    mapFile(fd, offset, length) {
      const file = fileOf(fd);
      if (file.kind !== 'file') throw new VfioError('EINVAL', 'mapFile', 'no file');
      let bytes = file.bytes.subarray(offset, offset + length);
      return {
        get bytes() {
          return bytes;
        },
        unmap: () => {
          bytes = new Uint8Array(0);
        },
      };
    },
    signalFd: (signal) => (signal instanceof FakeSignal ? signal.fd : undefined),
    memoryFd: (memory) => (memory instanceof FakeMemory ? memory.fd : undefined),
  };
}

/** Time that moves when a test says so. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; fire(): void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, fire: () => void): Timer {
    const timer = { at: this.#now + ms, fire };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.at <= this.#now && this.#timers.delete(timer)) timer.fire();
    }
  }

  get timers(): number {
    return this.#timers.size;
  }
}

export interface LogLine {
  readonly level: LogLevel;
  readonly component: string;
  readonly message: string;
  readonly error: unknown;
}

export class FakeLogger implements Logger {
  readonly lines: LogLine[] = [];

  log(level: LogLevel, component: string, message: () => string, error?: unknown): void {
    this.lines.push({ level, component, message: message(), error });
  }

  at(level: LogLevel): readonly LogLine[] {
    return this.lines.filter((line) => line.level === level);
  }
}
