// What a package exports to be a driver of the command: the types of `@vfio-ts/cli/driver`.
//
// Concepts: package.json says `"vfio-ts": { "driver": "./dist/driver.js", "interface": 1 }`; that module exports
// `driver`, a PackagedDriver. Of ours it imports @vfio-ts/core and nothing else, and gets the command's own copy.

import type { MdevBus, MdevParent } from '@vfio-ts/core';
import type { Setting } from '../mdev/definition.ts';
import type { SysfsDump } from '../sysfs/dump.ts';

export type { Setting } from '../mdev/definition.ts';
export type { DumpEntry, SysfsDump } from '../sysfs/dump.ts';

/** The number of this interface. A package names the one it is made for; another is refused before it is loaded. */
export const DRIVER_INTERFACE = 1;

/** A device somebody wants. */
export interface DeviceWish {
  /** What the user calls the type: what is behind the colon, or mdevctl's `mdev_type`. */
  readonly type: string | undefined;
  /** Of the device, in lower case. */
  readonly uuid: string;
  /** Settings in their order: those that the driver knows are its own, all others are files of the mdev. */
  readonly settings: readonly Setting[];
}

/** A device as it is going to be made. */
export interface DevicePlan {
  /** On the bus that was given to `register`. */
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

/** What can be made under a parent. */
export interface TypeFacts {
  /** Its name. */
  readonly parent: string;
  /** Its directory, as in mdevctl's `mdev_type`. */
  readonly type: string;
  readonly availableInstances: number;
  /** `vfio-pci` for example. */
  readonly deviceApi: string;
  /** For people. */
  readonly name: string;
  readonly description?: string;
}

/** A driver on a bus, as `register` gives it. */
export interface DriverRegistration {
  /**
   * One for each wish, in their order. When left out, each wish gets the type it names under the first parent on the
   * bus that has it, with its settings as files of the mdev.
   */
  readonly plans?: readonly DevicePlan[];
  /** All its files at this moment, as they would be below /sys; the tree of the bus when left out. */
  readonly sysfs?: () => SysfsDump;
  /** Removes its devices, its parents and the driver. */
  readonly unregister: () => Promise<void>;
}

/** A driver as its package exports it, under the name `driver`. */
export interface PackagedDriver {
  /** As in `serve NAME:TYPE`: the package's name; of a module that is no package any other. */
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
   * Registers the driver, and parents for all wishes, of which there may be none.
   *
   * @param bus - empty, and for this driver alone
   * @throws what keeps it from that, and then nothing is left registered; an error whose `name` is `UsageError` says
   *   that a type or a setting does not exist
   */
  register(
    bus: MdevBus,
    wishes: readonly DeviceWish[],
  ): Promise<DriverRegistration> | DriverRegistration;
}
