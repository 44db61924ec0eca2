// What a driver of mediated devices gives to the bus. Counterpart of struct mdev_driver (include/linux/mdev.h).
// Each callback gets the driver's own T, I and P back, so that none has to look its data up and guess what it is.

import type { MdevDriverInfo, MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import type { MdevAttributeGroup, MdevDevice, MdevType } from './mdev.ts';

/** The callbacks, as the bus holds them. */
export interface MdevDriverOps<
  T extends MdevTypeDefinition,
  I,
  P extends MdevParentDevice,
> extends MdevDriverInfo {
  /**
   * Makes the device of a new mdev: allocates and registers it.
   *
   * Must undo its own partial work before it throws; `remove` is then not called and the error is that of
   * `create`.
   *
   * @returns the driver's own handle, the bus keeps it until `remove`
   */
  probe(mdev: MdevDevice<T, I, P>): I;
  /**
   * Opposite of {@link MdevDriverOps.probe}: unregisters the device, waiting until its last user is gone,
   * and puts it. Cannot fail: what it throws is logged and the mdev goes all the same.
   */
  remove(mdev: MdevDevice<T, I, P>, instance: I): Promise<void>;
  /**
   * How many more of a type there could be, for drivers whose types share something. The bus then does not
   * count instances: `probe` has to refuse what is too much.
   */
  getAvailable?(type: MdevType<T, I, P>): number;
  /** Text of a type's `description`, newline included; without it there is no such file. */
  showDescription?(type: MdevType<T, I, P>): string;
  /** Files of each mdev while it is bound, by group; the group `''` is the mdev's own directory. */
  readonly attributes?: Readonly<Record<string, MdevAttributeGroup<T, I, P>>>;
}

/**
 * A driver of mediated devices. Counterpart of `struct mdev_driver`.
 *
 * It needs `maxInstances` or `getAvailable`. The bus looks a callback up each time it calls it.
 */
export interface MdevDriver<
  in T extends MdevTypeDefinition = MdevTypeDefinition,
  in out I = unknown,
  in P extends MdevParentDevice = MdevParentDevice,
> extends MdevDriverOps<T, I, P> {}
