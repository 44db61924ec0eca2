// What a package exports to be a driver of the command: the types of `@vfio-ts/cli/driver`.
//
// Concepts: package.json says `"vfio-ts": { "driver": "./dist/driver.js", "interface": 1 }`; that module exports
// `driver`, a PackagedDriver. Of ours it imports @vfio-ts/core and nothing else, and gets the command's own copy.

import type { CommandDriver, RegisteredDriver } from './driver.ts';

export type { DevicePlan, DeviceWish, TypeFacts } from './driver.ts';
export type { Setting } from '../mdev/definition.ts';
export type { DumpEntry, SysfsDump } from '../sysfs/dump.ts';

/** The number of this interface. A package names the one it is made for; another is refused before it is loaded. */
export const DRIVER_INTERFACE = 1;

/**
 * What `register` gives.
 *
 * Without `plans` each wish gets the type it names under the first parent on the bus that has it, with its
 * settings as files of the mdev. Without `sysfs` it is the tree of the bus.
 */
export type DriverRegistration = Pick<RegisteredDriver, 'unregister'> &
  Partial<Omit<RegisteredDriver, 'unregister'>>;

/** A driver as its package exports it, under the name `driver`. */
export interface PackagedDriver extends Omit<CommandDriver, 'register'> {
  /** The package's name; of a module that is no package any other. */
  readonly name: string;
  /**
   * Registers the driver, and one parent at least; `bus` is empty, and for this driver alone.
   *
   * @throws what keeps it from that; an error whose `name` is `UsageError` counts as a wrong command line
   */
  register(
    bus: Parameters<CommandDriver['register']>[0],
    wishes: Parameters<CommandDriver['register']>[1],
  ): Promise<DriverRegistration> | DriverRegistration;
}
