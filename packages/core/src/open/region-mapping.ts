// A mapped region. It keeps its file, and so the registration, alive until it is unmapped.

import type { MemoryMapping } from '../host.ts';
import type { LeakTracker, Ticket } from '../leaks.ts';

/** The file a mapping belongs to. */
export interface MappingOwner {
  /** @throws to keep the mapping */
  unmapping(): void;
  /** The mapping is gone. */
  unmapped(): void;
}

/** A part of a region mapped by the user of a device file. */
export class RegionMapping implements MemoryMapping, Ticket {
  readonly kind = 'region-mapping' as const;
  readonly #mapping: MemoryMapping;
  readonly #what: string;
  readonly #tracker: LeakTracker;
  readonly #owner: MappingOwner;
  #mapped = true;
  stack?: string;
  newer?: Ticket | undefined;
  older?: Ticket | undefined;

  constructor(mapping: MemoryMapping, what: string, tracker: LeakTracker, owner: MappingOwner) {
    this.#mapping = mapping;
    this.#what = what;
    this.#tracker = tracker;
    this.#owner = owner;
    tracker.add(this);
  }

  get bytes(): Uint8Array {
    return this.#mapping.bytes;
  }

  /** @throws `EDEADLK` it is the last of a closed file, as `DeviceFile.close`; it stays mapped then */
  unmap(): void {
    if (!this.#mapped) return;
    this.#owner.unmapping();
    this.#mapped = false;
    try {
      this.#mapping.unmap();
    } finally {
      this.#tracker.remove(this);
      this.#owner.unmapped();
    }
  }

  describe(): string {
    return this.#what;
  }
}
