// Mediated devices as drivers and tools see them. Counterpart of struct mdev_device, struct mdev_type and
// struct mdev_parent (include/linux/mdev.h).
//
// Concepts: a parent offers types, a type makes mdevs, an mdev knows the type and the parent it is of, and the
// files of an mdev get the mdev: one family, each of which leads to the others. Only the bus makes any of them.
// All carry the driver's own types through unchanged:
//   T  its type definitions, what distinguishes `mdpy-vga` from `mdpy-hd`: `mdev.type.definition`
//   I  what its `probe` returns, one for each mdev: `mdev.instance`
//   P  the parent device it registered, for example a subchannel: `mdev.parent.device`

import type { VfioCore } from '../core.ts';
import type { ParentDevice, VfioDevice } from '../device/device.ts';
import type { DeviceApi } from '../ops.ts';
import type { MdevDriverInfo, MdevParentDevice, MdevTypeDefinition } from './definition.ts';

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

/**
 * Where an mdev stands: `creating` (its probe runs), `active`, `removing` (its driver's remove runs),
 * `removed` (off the bus, somebody holds a reference), `released`.
 */
export type MdevState = 'creating' | 'active' | 'removing' | 'removed' | 'released';

/** A mediated device, the parent of the VFIO device its driver makes. */
export abstract class MdevDevice<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> implements ParentDevice {
  /** Makes the type nominal: an object that only looks alike is none. */
  declare protected readonly brand: 'MdevDevice';
  /** The UUID, 36 characters, lower case. */
  abstract readonly name: string;
  abstract readonly core: VfioCore;
  abstract readonly type: MdevType<T, I, P>;
  abstract readonly parent: MdevParent<T, I, P>;
  abstract readonly state: MdevState;
  /** The bound driver; `undefined` before probe has returned and once remove is over. */
  abstract readonly driver: MdevDriverInfo | undefined;
  /** The VFIO device registered under this mdev, what sysfs shows in `vfio-dev/`. */
  abstract readonly vfioDevice: VfioDevice | undefined;
  /**
   * What the driver's probe returned.
   *
   * @throws `ENODEV` no driver is bound
   */
  abstract readonly instance: I;
  /** The attribute groups that can be read and written now. */
  abstract readonly attributes: Readonly<Record<string, MdevAttributeGroup<T, I, P>>>;

  /**
   * Takes a reference. Counterpart of `get_device()`.
   *
   * @throws `ENODEV` the last reference is gone
   */
  abstract get(): void;

  /**
   * Opposite of {@link MdevDevice.get}. Counterpart of `put_device()`.
   *
   * @throws `EINVAL` more puts than gets
   */
  abstract put(): void;

  /**
   * Takes the mdev off the bus: its files go, then the driver removes it, which waits for its users.
   * Counterpart of `mdev_device_remove()`.
   *
   * @throws `ENODEV` released already, or the parent is unregistering
   * @throws `EAGAIN` not yet created, or another remove has started
   */
  abstract remove(): Promise<void>;

  /**
   * What a write to the `remove` file does: any number but 0 removes. Counterpart of `remove_store()`.
   *
   * @returns characters consumed, all of them
   * @throws `EINVAL` not a number, and what {@link MdevDevice.remove} throws
   */
  abstract writeRemove(text: string): Promise<number>;

  /**
   * Reads an attribute of the driver.
   *
   * @param group - `''` for the mdev's own directory
   * @throws `ENODEV` no driver; `ENOENT` no such attribute; `EACCES` it cannot be read
   */
  abstract show(group: string, name: string): string;

  /**
   * Writes an attribute of the driver.
   *
   * @throws `ENODEV` no driver; `ENOENT` no such attribute; `EACCES` it cannot be written
   */
  abstract store(group: string, name: string, value: string): Promise<void>;
}

/** One of a parent's types. */
export abstract class MdevType<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> {
  /** Makes the type nominal: an object that only looks alike is none. */
  declare protected readonly brand: 'MdevType';
  /** The driver's own description of the type, as it gave it to `registerParent`. */
  abstract readonly definition: T;
  /** Name of the directory: driver's name, a hyphen, sysfs name. */
  abstract readonly directory: string;
  abstract readonly parent: MdevParent<T, I, P>;
  /** For people: the pretty name, else the sysfs name. */
  abstract readonly name: string;
  abstract readonly deviceApi: DeviceApi;
  /**
   * How many more can be created: what the driver says, else what is left of the parent's limit, which all
   * its types share. Counterpart of `available_instances_show()`.
   */
  abstract readonly availableInstances: number;
  /** Whether the type has a `description`; it is not called for that. */
  abstract readonly hasDescription: boolean;
  /** The driver's text about the type, newline included; `undefined` where it has none. */
  abstract readonly description: string | undefined;
  /** The mdevs of this type that are on the bus, oldest first. */
  abstract readonly devices: readonly MdevDevice<T, I, P>[];

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
  abstract create(uuid: string): Promise<MdevDevice<T, I, P>>;
}

/** A registered parent. */
export abstract class MdevParent<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> {
  /** Makes the type nominal: an object that only looks alike is none. */
  declare protected readonly brand: 'MdevParent';
  /** Its directory. */
  abstract readonly name: string;
  /** The driver's own object for it. */
  abstract readonly device: P;
  /** What can be created, in the order the driver gave. */
  abstract readonly types: readonly MdevType<T, I, P>[];
  /** The driver that every mdev of this parent is bound to. */
  abstract readonly driver: MdevDriverInfo;
  /** Its mdevs that are on the bus, oldest first. */
  abstract readonly devices: readonly MdevDevice<T, I, P>[];
  /** Whether an unregister has started; creates and removes are then refused. */
  abstract readonly isUnregistering: boolean;

  /** The type with that directory name, for example `mdpy-vga`. */
  abstract type(directory: string): MdevType<T, I, P> | undefined;

  /**
   * Creates an mdev of the type with that directory name; see {@link MdevType.create}.
   *
   * @throws `ENOENT` no such type, and what `MdevType.create` throws
   */
  abstract create(directory: string, uuid: string): Promise<MdevDevice<T, I, P>>;

  /**
   * Removes every mdev, oldest first, each as its own remove would, then the parent with its types. Waits
   * for their users, and for creates and removes that are under way. Counterpart of
   * `mdev_unregister_parent()`.
   *
   * @throws `ENODEV` unregistered already, or another unregister has started
   */
  abstract unregister(): Promise<void>;
}
