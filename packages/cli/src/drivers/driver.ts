// What the command knows of a driver.

import type { MdevBus, MdevParent } from '@vfio-ts/core';
import type { Setting } from '../mdev/definition.ts';
import type { SysfsDump } from '../sysfs/dump.ts';

/** A device somebody wants. */
export interface DeviceWish {
  /** What the user calls the type: what is behind the colon, or mdevctl's `mdev_type`. */
  readonly type: string | undefined;
  readonly uuid: string;
  /** Settings in their order: those that the driver knows are its own, all others are files of the mdev. */
  readonly settings: readonly Setting[];
}

/** A device as it is going to be made. */
export interface DevicePlan {
  readonly parent: MdevParent;
  /** Directory of the type. */
  readonly type: string;
  /** Written in this order once the mdev is there. */
  readonly attributes: readonly Setting[];
  /** What to say of it to people when it is ready; nothing special when left out. */
  readonly lines?: readonly string[];
  /** The same for programs, beside what all devices have. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  /** Tells more of it beside its socket, until what it returns is disposed. */
  readonly beside?: (socket: string) => Disposable;
}

/** A driver on a bus. */
export interface RegisteredDriver {
  /** One for each wish, in their order. */
  readonly plans: readonly DevicePlan[];
  /** All its files at this moment, as they would be below /sys. */
  readonly sysfs: () => SysfsDump;
  /** Removes its devices, its parents and the driver. */
  readonly unregister: () => Promise<void>;
}

/** What can be made under a parent. */
export interface TypeFacts {
  readonly parent: string;
  /** Its directory, as in mdevctl's `mdev_type`. */
  readonly type: string;
  readonly availableInstances: number;
  /** `vfio-pci` for example. */
  readonly deviceApi: string;
  readonly name: string;
  readonly description?: string;
}

/** A driver as the command offers it. */
export interface CommandDriver {
  /** As in `serve NAME:TYPE`. */
  readonly name: string;
  /** The driver's name on the bus: type directories begin with it. */
  readonly busName: string;
  /** How to look at what is served, one line; nothing special when left out. */
  readonly look?: (socket: string) => string;
  /** Its types, where parents come with their devices; those of the parents that it has without any when left out. */
  readonly types?: readonly TypeFacts[];
  /** Types and settings, for the help. */
  readonly help: readonly string[];
  /**
   * Registers the driver, and a parent for each wish.
   *
   * @throws UsageError a type or a setting that does not exist
   */
  register(
    bus: MdevBus,
    wishes: readonly DeviceWish[],
  ): Promise<RegisteredDriver> | RegisteredDriver;
}
