// The core device that every driver embeds, and what core keeps for it. Drivers see VfioDevice; CoreDevice is the
// same object as core sees it.

import type { CoreOptions, NamedParent, VfioCore } from '../core.ts';
import type { DmaLog } from '../dma/dma-log.ts';
import { VfioError } from '../errno.ts';
import { IrqTable } from '../irq/table.ts';
import type { Ticket } from '../leaks.ts';
import type { DeviceApi, VfioDeviceOps } from '../ops.ts';
import { RegionTable } from '../region/table.ts';
import { VFIO_PCI_NUM_IRQS, VFIO_PCI_NUM_REGIONS } from '../uapi.ts';
import type { DeviceSet } from './device-set.ts';
import type { Registration } from './registration.ts';
import type { DeviceGroup, DeviceUser } from './user.ts';

/** Where a device is in its life. */
export type DeviceState =
  | { readonly tag: 'initialising' }
  | { readonly tag: 'allocated' }
  | { readonly tag: 'registered'; readonly registration: Registration }
  | { readonly tag: 'unregistering'; readonly registration: Registration }
  | { readonly tag: 'unregistered' }
  | { readonly tag: 'releasing' }
  | { readonly tag: 'released' };

/** Devices the IOMMU cannot tell apart. */
export interface IommuGroup {
  readonly id: number;
  /** The IOMMU enforces cache coherency; VFIO takes no others. */
  readonly cacheCoherent: boolean;
}

/** What a device is allocated under: the counterpart of the parent `struct device`. A bus is told what it asks for. */
export interface ParentDevice extends NamedParent {
  /** The IOMMU group of a physical device. */
  readonly iommuGroup?: IommuGroup;
  /** A device holds this parent from its allocation on; balanced by `put`. */
  get?(): void;
  /** Opposite of {@link ParentDevice.get}, after the device's release. */
  put?(): void;
  /** A device under this parent has been registered. Counterpart of `device_add()`. */
  deviceAdded?(vdev: VfioDevice): void;
  /** Opposite of {@link ParentDevice.deviceAdded}: nobody new can open it. */
  deviceRemoved?(vdev: VfioDevice): void;
}

/**
 * The core device that a driver's own class embeds. Counterpart of `struct vfio_device`.
 * Only `allocDevice` makes one.
 */
export abstract class VfioDevice {
  /** Makes the type nominal: an object that only looks alike is none. */
  declare protected readonly brand: 'VfioDevice';
  /** Number of the device, unique among those alive in one core. */
  abstract readonly index: number;
  /** `vfio` and the index. */
  abstract readonly name: string;
  abstract readonly parent: ParentDevice;
  abstract readonly core: VfioCore;
  /** Where the device is in its life. */
  abstract readonly state: DeviceState['tag'];
}

const INITIALISING: DeviceState = { tag: 'initialising' };
/** Initialised, not visible. */
export const ALLOCATED: DeviceState = { tag: 'allocated' };
/** Was visible, nobody uses it any more. */
export const UNREGISTERED: DeviceState = { tag: 'unregistered' };
/** The last reference is gone; `release` may still look at the device, and nothing can be taken on it. */
export const RELEASING: DeviceState = { tag: 'releasing' };
/** Gone. */
export const RELEASED: DeviceState = { tag: 'released' };

/** A device as core sees it. */
export class CoreDevice extends VfioDevice implements Ticket {
  readonly index: number;
  readonly parent: ParentDevice;
  /** Looked up at each call: the table of a live device can be replaced. */
  ops: VfioDeviceOps<object>;
  /** The driver's object, once its constructor has run. */
  self: object;
  life: DeviceState = INITIALISING;
  /** References; the last put releases. */
  references = 1;
  /** Opens of the device's files. */
  openCount = 0;
  /** What stands between the device and its user, while it is open. */
  user: DeviceUser | undefined = undefined;
  deviceSet: DeviceSet | undefined = undefined;
  /** The group, while registered. */
  group: DeviceGroup | undefined = undefined;
  /** What core has logged of the device's writes to guest memory. */
  dmaLog: DmaLog | undefined = undefined;
  /** Registered without an IOMMU of its own: core may pin for it. */
  isEmulated = false;
  stack?: string;
  newer?: Ticket | undefined;
  older?: Ticket | undefined;
  #name: string | undefined = undefined;
  #regions: RegionTable | undefined = undefined;
  #irqs: IrqTable | undefined = undefined;

  constructor(index: number, parent: ParentDevice, ops: VfioDeviceOps<object>) {
    super();
    this.index = index;
    this.parent = parent;
    this.ops = ops;
    this.self = this;
  }

  /** By this two copies of core in one process know each other's devices. */
  get '@vfio-ts/core/device'(): true {
    return true;
  }

  get core(): VfioCore {
    return this.parent.core;
  }

  get name(): string {
    this.#name ??= `vfio${this.index}`;
    return this.#name;
  }

  get state(): DeviceState['tag'] {
    return this.life.tag;
  }

  get kind(): 'device' {
    return 'device';
  }

  get options(): CoreOptions {
    return this.parent.core.options;
  }

  get deviceApi(): DeviceApi {
    return this.ops.deviceApi ?? 'vfio-pci';
  }

  get regions(): RegionTable {
    this.#regions ??= new RegionTable(this.deviceApi === 'vfio-pci' ? VFIO_PCI_NUM_REGIONS : 0);
    return this.#regions;
  }

  get irqs(): IrqTable {
    const pci = this.deviceApi === 'vfio-pci';
    this.#irqs ??= new IrqTable(pci ? VFIO_PCI_NUM_IRQS : 0, pci);
    return this.#irqs;
  }

  /** Forgets what a user told of interrupts. */
  clearIrqs(): void {
    this.#irqs?.clear();
  }

  /** Gives back what the tables hold; views over region memory read nothing from then on. */
  closeTables(): void {
    this.clearIrqs();
    this.#regions?.closeMemory();
  }

  describe(): string {
    const { name, ops, parent, references, openCount } = this;
    return `${name} (${ops.name}) under ${parent.name}, ${this.state}: ${references} references, ${openCount} opens`;
  }
}

function isCoreDevice(value: unknown): value is CoreDevice {
  return typeof value === 'object' && value !== null && '@vfio-ts/core/device' in value;
}

/**
 * Core's view of a device.
 *
 * @throws `EINVAL` not made by the allocator
 */
export function coreDevice(vdev: VfioDevice, op: string): CoreDevice {
  if (vdev instanceof CoreDevice || isCoreDevice(vdev)) return vdev;
  throw new VfioError('EINVAL', op, 'not a device made by allocDevice');
}

/**
 * Core's view of a device that still exists.
 *
 * @throws `ENODEV` the device has been released; `EINVAL` not made by the allocator
 */
export function liveDevice(vdev: VfioDevice, op: string): CoreDevice {
  const device = coreDevice(vdev, op);
  if (device.life.tag === 'released') {
    throw new VfioError('ENODEV', op, `${device.name} has been released`);
  }
  return device;
}
