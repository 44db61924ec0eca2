// A mapped region. It keeps its file, and so the registration, alive until it is unmapped.

import type { MemoryMapping } from '../host.ts';
import type { LeakTracker, Ticket } from '../leaks.ts';

/** A part of a region mapped by the user of a device file. */
export class RegionMapping implements MemoryMapping, Ticket {
  readonly kind = 'region-mapping' as const;
  readonly #mapping: MemoryMapping;
  readonly #what: string;
  readonly #tracker: LeakTracker;
  readonly #onUnmap: () => void;
  #mapped = true;
  stack?: string;
  newer?: Ticket | undefined;
  older?: Ticket | undefined;

  constructor(mapping: MemoryMapping, what: string, tracker: LeakTracker, onUnmap: () => void) {
    this.#mapping = mapping;
    this.#what = what;
    this.#tracker = tracker;
    this.#onUnmap = onUnmap;
    tracker.add(this);
  }

  get bytes(): Uint8Array {
    return this.#mapping.bytes;
  }

  unmap(): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    this.#mapping.unmap();
    this.#tracker.remove(this);
    this.#onUnmap();
  }

  describe(): string {
    return this.#what;
  }
}
