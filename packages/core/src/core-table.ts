// State that one part of core keeps for each VfioCore, without VfioCore knowing the part.

import type { VfioCore } from './core.ts';

/** One `T` for each core, made when first asked for. */
export class CoreTable<T> {
  readonly #make: () => T;
  readonly #tables = new WeakMap<VfioCore, T>();

  constructor(make: () => T) {
    this.#make = make;
  }

  of(core: VfioCore): T {
    return this.#tables.getOrInsertComputed(core, this.#make);
  }
}
