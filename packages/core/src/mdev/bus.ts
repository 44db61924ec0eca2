// The bus of mediated devices. Counterpart of drivers/vfio/mdev/mdev_core.c and mdev_driver.c.
//
// Concepts: a driver is registered on the bus, a parent names the driver of its mdevs. No driver matches
// an mdev by itself: a new mdev is offered once, while it is created, to the driver of its parent, and to
// no other. If that probe fails, the create fails with its error. So a driver that is registered later is
// not offered the mdevs that exist, and an mdev whose driver was unregistered stays without one until it
// is removed. Probes run in the order of the creates, each before its create returns a promise.

import type { VfioCore } from '../core.ts';
import { VfioError } from '../errno.ts';
import { checkDriver, checkParent } from './check.ts';
import type { MdevDriverInfo, MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import type { MdevDriver } from './driver.ts';
import type { MdevDevice, MdevParent } from './mdev.ts';
import { CoreMdevParent } from './parent.ts';
import { MdevRegistry, type MdevUevent } from './registry.ts';
import { formatUuid } from './uuid.ts';

/** How a bus is set up. */
export interface MdevBusOptions {
  /** Called when a parent comes and when it is gone. */
  readonly uevent?: (event: MdevUevent) => void;
}

/** A bus of mediated devices; UUIDs are unique on it. */
export class MdevBus {
  readonly core: VfioCore;
  readonly #registry: MdevRegistry;

  constructor(core: VfioCore, options: MdevBusOptions = {}) {
    this.core = core;
    this.#registry = new MdevRegistry(core, options.uevent);
  }

  /** The registered parents, oldest first. */
  get parents(): readonly MdevParent[] {
    return [...this.#registry.parents.values()];
  }

  /** The registered drivers, oldest first. */
  get drivers(): readonly MdevDriverInfo[] {
    return [...this.#registry.drivers.values()];
  }

  /** The mdevs on the bus, parent by parent, oldest first. */
  get devices(): readonly MdevDevice[] {
    return this.parents.flatMap((parent) => parent.devices);
  }

  /** The parent of that name. */
  parent(name: string): MdevParent | undefined {
    return this.#registry.parents.get(name);
  }

  /** The mdev on the bus with that UUID, of either case. */
  device(uuid: string): MdevDevice | undefined {
    const mdev = this.#registry.devices.get(formatUuid(uuid));
    return mdev?.state === 'removed' ? undefined : mdev;
  }

  /**
   * Registers a driver; no mdev is bound by that. Counterpart of `mdev_register_driver()`.
   *
   * @throws `EINVAL` no device API or one that does not exist, neither `maxInstances` nor `getAvailable`, a
   * name or an attribute the file system could not show
   * @throws `EBUSY` a driver of that name is registered, as `driver_register()` has it
   */
  registerDriver<T extends MdevTypeDefinition, I, P extends MdevParentDevice>(
    driver: MdevDriver<T, I, P>,
  ): void {
    checkDriver(driver);
    if (this.#registry.drivers.has(driver.name)) {
      throw new VfioError('EBUSY', 'registerDriver', `${driver.name}: is registered already`);
    }
    this.#registry.drivers.set(driver.name, driver);
  }

  /**
   * Unbinds the driver from its mdevs, the newest first, waiting for their users; the mdevs stay, without a
   * driver. Parents of the driver stay too, creates under them are `ENODEV`. Opposite of
   * {@link MdevBus.registerDriver}. Counterpart of `mdev_unregister_driver()`.
   *
   * @throws `EINVAL` not registered, or unregistering already
   */
  async unregisterDriver(driver: MdevDriverInfo): Promise<void> {
    const { drivers, leaving } = this.#registry;
    if (!this.#registry.takes(driver)) {
      throw new VfioError('EINVAL', 'unregisterDriver', `${driver.name}: is not registered`);
    }
    leaving.add(driver);
    const bound = [...this.#registry.devices.values()].filter((mdev) => mdev.driver === driver);
    for (const mdev of bound.toReversed()) {
      // One after the other, as driver_detach() goes.
      // oxlint-disable-next-line no-await-in-loop
      await mdev.unbind();
    }
    drivers.delete(driver.name);
    leaving.delete(driver);
  }

  /**
   * Registers a parent that is nothing but a name; see {@link MdevBus.registerParentDevice}.
   *
   * @param types - what can be created, shown in this order
   */
  registerParent<T extends MdevTypeDefinition, I>(
    name: string,
    driver: MdevDriver<T, I>,
    types: readonly NoInfer<T>[],
  ): MdevParent<T, I> {
    return this.registerParentDevice({ name }, driver, types);
  }

  /**
   * Registers a parent. Opposite of {@link MdevParent.unregister}. Counterpart of
   * `mdev_register_parent()`.
   *
   * @param device - the driver's own object; its probe finds it in `mdev.parent.device`
   * @param types - what can be created, shown in this order
   * @throws `EINVAL` a name the file system could not show
   * @throws `EEXIST` a parent of that name, or two types of one name
   * @throws `ENODEV` the driver is not registered
   */
  registerParentDevice<T extends MdevTypeDefinition, I, P extends MdevParentDevice>(
    device: P,
    driver: MdevDriver<T, I, P>,
    types: readonly NoInfer<T>[],
  ): MdevParent<T, I, P> {
    const { parents, core } = this.#registry;
    checkParent(device.name, types);
    if (!this.#registry.takes(driver)) {
      throw new VfioError('ENODEV', 'registerParent', `driver ${driver.name} is not registered`);
    }
    if (parents.has(device.name)) {
      throw new VfioError('EEXIST', 'registerParent', `${device.name}: is registered already`);
    }
    const parent = new CoreMdevParent(this.#registry, device, driver, types);
    parents.set(parent.name, parent);
    core.logger.log('info', parent.name, () => `mdev parent registered, driver ${driver.name}`);
    this.#registry.uevent(parent.name, 'registered');
    return parent;
  }

  /** Same as {@link MdevParent.unregister}. */
  unregisterParent(parent: MdevParent): Promise<void> {
    return parent.unregister();
  }
}
