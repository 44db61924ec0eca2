// What a driver of mediated devices gives to the bus. Counterpart of struct mdev_driver and
// struct mdev_type (include/linux/mdev.h).
//
// Concepts: a driver has three types of its own, and the bus carries each of them through unchanged, so
// that no callback has to look its data up and guess what it is:
//   T  its type definitions, what distinguishes `mdpy-vga` from `mdpy-hd`: `mdev.type.definition`
//   I  what `probe` returns, one for each mdev: handed back to `remove` and to every attribute
//   P  the parent device it registered, for example a subchannel: `mdev.parent.device`

import type { DeviceApi } from '../ops.ts';
import type { MdevDevice } from './device.ts';
import type { MdevType } from './type.ts';

/** One kind of device a parent can make. Drivers extend it with their own facts. */
export interface MdevTypeDefinition {
  /** Second half of the directory's name. */
  readonly sysfsName: string;
  /** Shown in `name`; the sysfs name when left out. */
  readonly prettyName?: string;
}

/** The device under which mdevs are made, as far as the bus needs it. */
export interface MdevParentDevice {
  /** Its directory, one path component. */
  readonly name: string;
}

/** One file of an mdev; at least one of both ways. Counterpart of `struct device_attribute`. */
export interface MdevAttribute<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> {
  /** The file's text, newline included; the file system cuts it after 4095 characters. */
  show?(mdev: MdevDevice<T, I, P>, instance: I): string;
  /** Takes what was written, as it was written; throws to refuse it. Unbinding waits for it. */
  store?(mdev: MdevDevice<T, I, P>, instance: I, value: string): void | Promise<void>;
}

/** Files by name. */
export type MdevAttributeGroup<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> = Readonly<Record<string, MdevAttribute<T, I, P>>>;

/** What can be said about a driver without its types. */
export interface MdevDriverInfo {
  /** First half of the type directories' names; unique on the bus. */
  readonly name: string;
  /** Shown in `device_api`. */
  readonly deviceApi: DeviceApi;
  /** Mdevs that one parent can have at once; not used where the driver has `getAvailable`. */
  readonly maxInstances?: number;
}

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
