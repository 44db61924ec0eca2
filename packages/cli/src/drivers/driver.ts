// What the command needs of a driver: what packages export, and all that they may leave out.

import type { MdevBus } from '@vfio-ts/core';
import type { DeviceWish, DriverRegistration, PackagedDriver } from './contract.ts';

export type { DevicePlan, DeviceWish, TypeFacts } from './contract.ts';

/** A driver on a bus. */
export type RegisteredDriver = Required<DriverRegistration>;

/** A driver as the command offers it. */
export interface CommandDriver extends PackagedDriver {
  /** @throws UsageError a type or a setting that does not exist */
  register(
    bus: MdevBus,
    wishes: readonly DeviceWish[],
  ): Promise<RegisteredDriver> | RegisteredDriver;
}
