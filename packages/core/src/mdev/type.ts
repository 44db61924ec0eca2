// A type of mediated device that a parent offers, as the bus keeps it. Counterpart of the type's directory
// (drivers/vfio/mdev/mdev_sysfs.c).

import type { DeviceApi } from '../ops.ts';
import { createMdev } from './create.ts';
import type { MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import { MdevType, type MdevDevice, type MdevParent } from './mdev.ts';
import type { ParentState } from './registry.ts';

/** {@link MdevType} over what its parent shares with it. @internal */
export class CoreMdevType<
  T extends MdevTypeDefinition,
  I,
  P extends MdevParentDevice,
> extends MdevType<T, I, P> {
  readonly definition: T;
  readonly directory: string;
  readonly #shared: ParentState<T, I, P>;

  constructor(shared: ParentState<T, I, P>, definition: T) {
    super();
    this.definition = definition;
    this.directory = `${shared.driver.name}-${definition.sysfsName}`;
    this.#shared = shared;
  }

  get parent(): MdevParent<T, I, P> {
    return this.#shared.parent;
  }

  get name(): string {
    return this.definition.prettyName ?? this.definition.sysfsName;
  }

  get deviceApi(): DeviceApi {
    return this.#shared.driver.deviceApi;
  }

  get availableInstances(): number {
    const { driver, available } = this.#shared;
    return driver.getAvailable === undefined ? available : driver.getAvailable(this);
  }

  get hasDescription(): boolean {
    return this.#shared.driver.showDescription !== undefined;
  }

  get description(): string | undefined {
    return this.#shared.driver.showDescription?.(this);
  }

  get devices(): readonly MdevDevice<T, I, P>[] {
    return this.#shared.parent.devices.filter((mdev) => mdev.type === this);
  }

  create(uuid: string): Promise<MdevDevice<T, I, P>> {
    return createMdev(this.#shared, this, uuid);
  }
}
