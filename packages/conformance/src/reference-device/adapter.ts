// What all reference devices of one core share: a pool of ports that each takes one of, and a reset line.

import { VfioError, type VfioCore } from '@vfio-ts/core';

/** Ports, and so devices, there are. */
export const PORTS = 16;

/** A step of `init` that can be made to fail, beyond the allocation of memory. */
export type InitStep = 'ports' | 'self-test';

/** The hardware the devices of one core are part of. */
export class ReferenceAdapter {
  #free = PORTS;
  #broken: InitStep | undefined = undefined;
  /** Open devices on the shared reset line; only who they are counts. */
  readonly sharedOpen: Set<object> = new Set<object>();

  /** Ports nobody has. */
  get free(): number {
    return this.#free;
  }

  /** Makes one passage of a step fail. */
  break(step: InitStep): void {
    this.#broken = step;
  }

  /** @throws `ENOSPC` no port is free */
  takePort(): void {
    if (this.#free === 0 || this.#isBroken('ports')) {
      throw new VfioError('ENOSPC', 'init', 'no port is free');
    }
    this.#free--;
  }

  /** Opposite of {@link ReferenceAdapter.takePort}. */
  putPort(): void {
    this.#free++;
  }

  /** @throws `EIO` it failed */
  selfTest(): void {
    if (this.#isBroken('self-test')) throw new VfioError('EIO', 'init', 'the self test failed');
  }

  #isBroken(step: InitStep): boolean {
    if (this.#broken !== step) return false;
    this.#broken = undefined;
    return true;
  }
}

const adapters = new WeakMap<VfioCore, ReferenceAdapter>();

/** The adapter of a core. */
export function adapterOf(core: VfioCore): ReferenceAdapter {
  return adapters.getOrInsertComputed(core, () => new ReferenceAdapter());
}
