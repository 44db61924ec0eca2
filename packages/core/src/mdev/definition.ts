// What a driver, a parent and a type say of themselves, before there is any mdev.

import type { DeviceApi } from '../ops.ts';

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

/** What can be said about a driver without its types. */
export interface MdevDriverInfo {
  /** First half of the type directories' names; unique on the bus. */
  readonly name: string;
  /** Shown in `device_api`. */
  readonly deviceApi: DeviceApi;
  /** Mdevs that one parent can have at once; not used where the driver has `getAvailable`. */
  readonly maxInstances?: number;
}
