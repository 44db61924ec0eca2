// A driver bound to an mdev: from a successful probe to the end of remove.

import { VfioError } from '../errno.ts';
import type { MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import type { MdevDriverOps } from './driver.ts';
import type { MdevAttribute, MdevDevice } from './mdev.ts';

/** One mdev's driver and the driver's handle. @internal */
export class MdevBinding<T extends MdevTypeDefinition, I, P extends MdevParentDevice> {
  readonly driver: MdevDriverOps<T, I, P>;
  readonly instance: I;
  readonly #mdev: MdevDevice<T, I, P>;
  readonly #stores: Set<Promise<void>> = new Set();
  #unbinding: Promise<void> | undefined;

  /** Probes. Counterpart of `device_driver_attach()`. */
  constructor(driver: MdevDriverOps<T, I, P>, mdev: MdevDevice<T, I, P>) {
    this.driver = driver;
    this.#mdev = mdev;
    this.instance = driver.probe(mdev);
  }

  /** Whether the attributes are there: until unbinding starts. */
  get hasAttributes(): boolean {
    return this.#unbinding === undefined;
  }

  /** @throws `ENOENT`, `EACCES`, and what the driver throws */
  show(group: string, name: string): string {
    const attribute = this.#find(group, name, 'show');
    if (attribute.show === undefined) throw denied('show', group, name);
    return attribute.show(this.#mdev, this.instance);
  }

  /** @throws `ENOENT`, `EACCES`, and what the driver throws */
  async store(group: string, name: string, value: string): Promise<void> {
    const attribute = this.#find(group, name, 'store');
    if (attribute.store === undefined) throw denied('store', group, name);
    const stored = attribute.store(this.#mdev, this.instance, value);
    if (stored === undefined) return;
    this.#stores.add(stored);
    try {
      await stored;
    } finally {
      this.#stores.delete(stored);
    }
  }

  /** Calls the driver's remove once; later callers wait for the same. Counterpart of `device_release_driver()`. */
  unbind(): Promise<void> {
    // Assigned before the driver runs, so that its remove finds the attributes gone.
    if (this.#unbinding === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#unbinding = promise;
      void this.#remove().then(resolve);
    }
    return this.#unbinding;
  }

  async #remove(): Promise<void> {
    // As kernfs drains a file before it is gone: no store runs beside or after remove.
    if (this.#stores.size > 0) await Promise.allSettled(this.#stores);
    try {
      await this.driver.remove(this.#mdev, this.instance);
    } catch (error) {
      const { core, name } = this.#mdev;
      core.logger.log('error', name, () => `${this.driver.name}: remove threw`, error);
    }
  }

  #find(group: string, name: string, op: string): MdevAttribute<T, I, P> {
    const groups = this.driver.attributes;
    const attributes =
      this.hasAttributes && groups && Object.hasOwn(groups, group) ? groups[group] : undefined;
    const attribute = attributes && Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (attribute === undefined) {
      throw new VfioError('ENOENT', op, `${this.#mdev.name}: no attribute ${path(group, name)}`);
    }
    return attribute;
  }
}

function denied(op: string, group: string, name: string): VfioError {
  return new VfioError('EACCES', op, `${path(group, name)} has no ${op}`);
}

function path(group: string, name: string): string {
  return group === '' ? name : `${group}/${name}`;
}
