// What the parts of one bus share: the global list of mdevs, and who is registered.

import type { VfioCore } from '../core.ts';
import type { MdevDriverInfo, MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import type { MdevDriverOps } from './driver.ts';
import type { UnregisterGate } from './gate.ts';
import type { MdevDevice, MdevParent } from './mdev.ts';

/** A change of a parent, as the kernel tells udev. */
export interface MdevUevent {
  readonly action: 'change';
  /** Name of the parent. */
  readonly parent: string;
  readonly env: { readonly MDEV_STATE: 'registered' | 'unregistered' };
}

/** An mdev, as those who take it off the bus see it. @internal */
export interface MdevOnBus<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> extends MdevDevice<T, I, P> {
  /** Unbinds the driver; does nothing where none is bound. */
  unbind(): Promise<void>;
  /** Removes, whoever asked and whatever the gate says. Counterpart of `mdev_device_remove_common()`. */
  removeCommon(): Promise<void>;
}

/** What one bus knows. @internal */
export class MdevRegistry {
  readonly core: VfioCore;
  /** By UUID, every mdev whose last reference is not gone; a UUID in it is taken. */
  readonly devices: Map<string, MdevOnBus> = new Map();
  readonly parents: Map<string, MdevParent> = new Map();
  /** By name; a driver that is unregistering keeps its name until its last mdev is unbound. */
  readonly drivers: Map<string, MdevDriverInfo> = new Map();
  /** Drivers that take no new mdev. */
  readonly leaving: Set<MdevDriverInfo> = new Set();
  readonly #listener: ((event: MdevUevent) => void) | undefined;

  constructor(core: VfioCore, listener: ((event: MdevUevent) => void) | undefined) {
    this.core = core;
    this.#listener = listener;
  }

  /** Whether `driver` takes new mdevs. */
  takes(driver: MdevDriverInfo): boolean {
    return this.drivers.get(driver.name) === driver && !this.leaving.has(driver);
  }

  /** Tells the listener; a listener that throws changes nothing. Counterpart of `kobject_uevent_env()`. */
  uevent(parent: string, state: 'registered' | 'unregistered'): void {
    try {
      this.#listener?.({ action: 'change', parent, env: { MDEV_STATE: state } });
    } catch (error) {
      this.core.logger.log('warn', parent, () => 'the uevent listener threw', error);
    }
  }
}

/** What a parent shares with its types and mdevs. @internal */
export interface ParentState<T extends MdevTypeDefinition, I, P extends MdevParentDevice> {
  readonly registry: MdevRegistry;
  readonly parent: MdevParent<T, I, P>;
  readonly driver: MdevDriverOps<T, I, P>;
  readonly gate: UnregisterGate;
  /** The parent's mdevs that are on the bus, oldest first. */
  readonly children: Set<MdevOnBus<T, I, P>>;
  /** Mdevs it can still have, where the driver has no `getAvailable`. */
  available: number;
}

/** Whether `name` can be one component of a path. @internal */
export function isPathComponent(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !/[/\0\n]/.test(name)
  );
}
