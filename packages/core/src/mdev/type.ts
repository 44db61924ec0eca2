// A type of mediated device that a parent offers. Counterpart of struct mdev_type and its directory
// (drivers/vfio/mdev/mdev_sysfs.c).

import type { DeviceApi } from '../ops.ts';
import { createMdev } from './create.ts';
import type { MdevDevice } from './device.ts';
import type { MdevParentDevice, MdevTypeDefinition } from './driver.ts';
import type { MdevParent } from './parent.ts';
import type { ParentState } from './registry.ts';

/** One of a parent's types. */
export class MdevType<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> {
  /** The driver's own description of the type, as it gave it to `registerParent`. */
  readonly definition: T;
  /** Name of the directory: driver's name, a hyphen, sysfs name. */
  readonly directory: string;
  readonly #shared: ParentState<T, I, P>;

  /** Made by the parent. @internal */
  constructor(shared: ParentState<T, I, P>, definition: T) {
    this.definition = definition;
    this.directory = `${shared.driver.name}-${definition.sysfsName}`;
    this.#shared = shared;
  }

  get parent(): MdevParent<T, I, P> {
    return this.#shared.parent;
  }

  /** For people: the pretty name, else the sysfs name. */
  get name(): string {
    return this.definition.prettyName ?? this.definition.sysfsName;
  }

  get deviceApi(): DeviceApi {
    return this.#shared.driver.deviceApi;
  }

  /**
   * How many more can be created: what the driver says, else what is left of the parent's limit, which all
   * its types share. Counterpart of `available_instances_show()`.
   */
  get availableInstances(): number {
    const { driver, available } = this.#shared;
    return driver.getAvailable === undefined ? available : driver.getAvailable(this);
  }

  /** Whether the type has a `description`; it is not called for that. */
  get hasDescription(): boolean {
    return this.#shared.driver.showDescription !== undefined;
  }

  /** The driver's text about the type, newline included; `undefined` where it has none. */
  get description(): string | undefined {
    return this.#shared.driver.showDescription?.(this);
  }

  /** The mdevs of this type that are on the bus, oldest first. */
  get devices(): readonly MdevDevice<T, I, P>[] {
    return this.#shared.parent.devices.filter((mdev) => mdev.type === this);
  }

  /**
   * Creates an mdev and binds the parent's driver to it. Counterpart of `create_store()` and
   * `mdev_device_create()`.
   *
   * Everything up to the driver's probe happens before this returns its promise. A create that fails has
   * been undone when the promise rejects.
   *
   * @param uuid - 36 characters, or 37 with a newline; the case does not matter
   * @throws `EINVAL` not a UUID
   * @throws `EEXIST` the UUID is that of an mdev of this bus that is still alive
   * @throws `EUSERS` the parent's instances are used up, where the bus counts them
   * @throws `ENODEV` the parent is unregistering, or its driver is not registered
   * @throws the error of the driver's probe, unchanged
   */
  create(uuid: string): Promise<MdevDevice<T, I, P>> {
    return createMdev(this.#shared, this, uuid);
  }
}
