// Shared memory that counts what is alive and fails on demand.

import {
  HeapMemory,
  VfioError,
  type HeapMemoryOptions,
  type MemoryBackend,
  type MemoryMapping,
  type SharedMemory,
} from '@vfio-ts/core';

/** A memory backend that knows what has not come back. */
export class TrackedMemory implements MemoryBackend {
  readonly #backend: MemoryBackend;
  readonly #alive = new Set<Tracked>();
  #failIn: number | undefined = undefined;
  /** Allocations made so far, the failed ones included. */
  allocations = 0;

  /** @param backend - where memory comes from; the heap when left out */
  constructor(options?: HeapMemoryOptions, backend: MemoryBackend = new HeapMemory(options)) {
    this.#backend = backend;
  }

  /** What is alive: memory not closed, mappings not unmapped. */
  get alive(): readonly string[] {
    return Array.from(this.#alive, ({ what }) => what);
  }

  /** Makes one allocation fail with `ENOMEM`: the next one for 0, the one after it for 1. */
  failIn(allocations: number | undefined): void {
    this.#failIn = allocations;
  }

  alloc(name: string, size: number): SharedMemory {
    this.allocations++;
    if (this.#failIn !== undefined && this.#failIn-- === 0) {
      this.#failIn = undefined;
      throw new VfioError('ENOMEM', 'allocMemory', `${name}: made to fail`);
    }
    return new TrackedShared(name, this.#backend.alloc(name, size), this.#alive);
  }
}

interface Tracked {
  readonly what: string;
}

class TrackedShared implements SharedMemory, Tracked {
  readonly what: string;
  readonly #memory: SharedMemory;
  readonly #alive: Set<Tracked>;

  constructor(what: string, memory: SharedMemory, alive: Set<Tracked>) {
    this.what = what;
    this.#memory = memory;
    this.#alive = alive;
    alive.add(this);
  }

  get size(): number {
    return this.#memory.size;
  }

  get bytes(): Uint8Array {
    return this.#memory.bytes;
  }

  /** The descriptor of memory that has one, for servers that pass it on. */
  get fd(): unknown {
    return 'fd' in this.#memory ? this.#memory.fd : undefined;
  }

  map(offset: number, length: number): MemoryMapping {
    const mapping = this.#memory.map(offset, length);
    const ticket: Tracked = { what: `mapping of ${this.what}` };
    this.#alive.add(ticket);
    return {
      get bytes() {
        return mapping.bytes;
      },
      unmap: () => {
        this.#alive.delete(ticket);
        mapping.unmap();
      },
    };
  }

  close(): void {
    this.#alive.delete(this);
    this.#memory.close();
  }
}
