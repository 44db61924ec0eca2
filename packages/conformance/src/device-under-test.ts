// What a test has to know of a device: how to make one, what it can do, and how to move it from inside.

import type {
  ErrnoCode,
  MdevBus,
  ParentDevice,
  Ref,
  VfioCore,
  VfioDevice,
  VfioDeviceOps,
} from '@vfio-ts/core';
import type { Connector } from './session.ts';

/**
 * What a device can do. What it cannot do is tested too: it has to be refused with the right error, so an untruth
 * here fails.
 */
export interface Supports {
  /** A PCI device with a configuration space in region 7. */
  readonly pci: boolean;
  /** A reset. */
  readonly reset: boolean;
  /** At least one region that can be mapped. */
  readonly mmap: boolean;
  /** At least one interrupt index with a subindex. */
  readonly irqs: boolean;
  /** Reads, writes and pins guest memory; needs {@link DeviceUnderTest.dma}. */
  readonly dma: boolean;
  /** Migration by STOP_COPY. */
  readonly migration: boolean;
  /** With migration: the P2P states. */
  readonly p2p: boolean;
  /** With migration: the PRE_COPY states. */
  readonly preCopy: boolean;
  /** Dirty tracking by the device. */
  readonly log: boolean;
  /** A graphics plane in a region. */
  readonly gfx: boolean;
  /** Use through an iommufd and character devices. */
  readonly iommufd: boolean;
  /** Is told when somebody wants the device back (`ops.request`). */
  readonly request: boolean;
}

/** What a device supports that does nothing but exist. */
export const supportsNothing: Supports = {
  pci: false,
  reset: false,
  mmap: false,
  irqs: false,
  dma: false,
  migration: false,
  p2p: false,
  preCopy: false,
  log: false,
  gfx: false,
  iommufd: false,
  request: false,
};

/** Where a harness makes its device. */
export interface HarnessHost {
  /** Fresh for each test, with fake clock, memory and log. */
  readonly core: VfioCore;
  /** A parent for the device, whose users are counted. */
  parent(name: string): ParentDevice;
}

/** How the suite moves a device's DMA from inside. Errors are those of core, unchanged. */
export interface DmaHooks<T> {
  /** Copies guest memory to `into`. */
  read(device: T, iova: number, into: Uint8Array): void;
  /** Copies `from` to guest memory. */
  write(device: T, iova: number, from: Uint8Array): void;
  /** Pins pages and keeps the views until they are unpinned or taken away. */
  pin(device: T, iova: number, npage: number, prot: number): readonly Uint8Array[];
  /** Opposite of `pin`. */
  unpin(device: T, iova: number, npage: number): void;
}

/** A part of a region that is plain memory to the guest: readable, writable, nothing else happens. */
export interface RamWindow {
  readonly region: number;
  /** Bytes from the start of the region. */
  readonly offset: number;
  /** Bytes, 32 at least. */
  readonly length: number;
}

/** Who a PCI device says it is. */
export interface PciIds {
  readonly vendorId: number;
  readonly deviceId: number;
  /** 24 bits: class, subclass, interface. */
  readonly classCode: number;
  readonly subsystemVendorId: number;
  readonly subsystemId: number;
}

/** A step of `init` that can be made to fail, beyond the allocation of memory, which the suite fails by itself. */
export interface InitFault {
  /** What fails, for titles. */
  readonly name: string;
  /** The error that comes out of `allocDevice`. */
  readonly code: ErrnoCode;
  /** Makes the next create on this core fail in that step. */
  arm(core: VfioCore): void;
}

/** The driver's mediated devices; where it has none, the suite makes its own of the driver's device. */
export interface MdevHooks {
  /** Registers the driver and one parent. */
  register(bus: MdevBus): void;
  /** The error of a create when nothing more is available, of a driver that counts; `EUSERS`, the bus's own, when left out. */
  readonly limitError?: ErrnoCode;
  /** What the type directories have to say, by their names. */
  readonly directories: Readonly<Record<string, MdevDirectory>>;
}

/** Contents of a type directory of a fresh parent, as a user reads them. */
export interface MdevDirectory {
  readonly name: string;
  readonly deviceApi: string;
  readonly availableInstances: number;
  /** Without the newline; left out where there is no such file. */
  readonly description?: string;
  /** Files in the directory of an mdev of the type, by their path from there. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A driver as a test sees it. */
export interface DeviceUnderTest<T extends object> {
  /** For titles. */
  readonly name: string;
  readonly supports: Supports;
  /** How the device is used; in this process when left out. */
  readonly connector?: Connector;
  /** The driver's callbacks. The suite wraps them to see what is called and to make one fail. */
  readonly ops: VfioDeviceOps<T>;
  /** Allocates a device with `ops`, fresh and isolated, not registered. */
  create(host: HarnessHost, ops: VfioDeviceOps<T>): Ref<T>;
  /**
   * The same, sharing its reset with every other device made so on that core; for drivers whose devices can.
   */
  createShared?(host: HarnessHost, ops: VfioDeviceOps<T>): Ref<T>;
  /** The core device inside. */
  vdev(device: T): VfioDevice;
  /** Registers a device; `registerEmulatedIommuDev` when left out. */
  register?(vdev: VfioDevice): void;
  /** Makes the device raise an interrupt; needed with `irqs`. */
  triggerIrq?(device: T, index: number, subindex: number): void;
  /** Its interrupts take signals and give them back, and refuse every other request with `EINVAL`. */
  readonly signalsOnly?: boolean;
  /** Makes the device hold its INTx up or let it go, for devices that have one. */
  setIntx?(device: T, asserted: boolean): void;
  /** The identity that configuration space has to show; with `pci`. */
  readonly pciIds?: PciIds;
  /** Needed with `dma`. */
  readonly dma?: DmaHooks<T>;
  /** A plain memory window, if the device has one. */
  readonly ram?: RamWindow;
  /** Regions of which the device refuses parts: only their bounds are tested, the rest is for tests of its own. */
  readonly partialRegions?: readonly number[];
  /** Changes the state that migration carries; needed with `migration`. */
  mutate?(device: T): void;
  /** What a guest can see of the state, as bytes: equal for equal devices; needed with `migration` and `reset`. */
  snapshot?(device: T): Uint8Array;
  /** Steps of `init` that can fail. */
  readonly initFaults?: readonly InitFault[];
  /** Counters of what devices take besides memory (ports, credits), which have to come back. */
  resources?(core: VfioCore): Readonly<Record<string, number>>;
  /** Mediated devices. */
  readonly mdev?: MdevHooks;
}
