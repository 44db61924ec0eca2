// What a device knows of those above it: its group, and while it is open its user, with the address space its DMA
// goes to and, for a virtual machine, KVM.

import type { IoAddressSpace } from '../dma/address-space.ts';
import type { DmaUser } from '../dma/dma-user.ts';

/** A counted handle on a virtual machine. */
export interface KvmReference {
  /** Takes a reference; balanced by `put`. */
  get(): void;
  /** Opposite of {@link KvmReference.get}. */
  put(): void;
}

/** Who holds the device open. */
export interface DeviceUser {
  /** Where the device's DMA goes; absent until an address space is attached. */
  readonly ioas: IoAddressSpace | undefined;
  readonly kvm: KvmReference | undefined;
  /** The device as its address space knows it. */
  readonly dmaUser: DmaUser;
}

/** The group a registered device belongs to. */
export interface DeviceGroup {
  readonly name: string;
}
