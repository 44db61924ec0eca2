// A GPU that is shared out, as the parent of its vGPUs. Counterpart of struct intel_gvt.

import {
  VfioError,
  type KvmReference,
  type Logger,
  type MdevParentDevice,
  type VfioDevice,
} from '@vfio-ts/core';
import type { Gpu, GpuShare } from '../gpu/gpu.ts';
import { GpuResources, type MappablePolicy } from './resources.ts';
import type { TablePolicy } from './table.ts';
import { gvtTypesOf, type GvtType, type Resolution } from './types.ts';

/** What the host is told when a guest's display driver comes or goes, as the kernel's uevent has it. */
export interface GvtUevent {
  readonly GVT_DISPLAY_READY: '0' | '1';
  /** Id of the vGPU. */
  readonly VMID: string;
}

/** How a GPU is shared out. */
export interface IntelGvtOptions {
  /** On the bus; that of an integrated GPU when left out. */
  readonly name?: string;
  /** How much of its low memory each guest is told of; `window` when left out. */
  readonly mappable?: MappablePolicy;
  /** What the table of its graphics address space is to each guest; `mapped` when left out. */
  readonly table?: TablePolicy;
  /** What all monitors prefer; that of the type when left out. */
  readonly resolution?: Resolution;
  readonly logger?: Logger;
  /** Told when a guest's display driver comes or goes. */
  readonly uevent?: (event: GvtUevent) => void;
}

/** A vGPU as its GPU knows it. */
export interface GvtMember {
  readonly vdev: VfioDevice;
  readonly share: GpuShare | undefined;
  /** The virtual machine that has it open. */
  readonly kvm: KvmReference | undefined;
}

/** One GPU and its vGPUs. */
export class IntelGvt implements MdevParentDevice {
  readonly name: string;
  readonly gpu: Gpu;
  readonly options: IntelGvtOptions;
  readonly resources: GpuResources;
  /** What can be made, smallest first. */
  readonly types: readonly GvtType[];
  /** All that are created. */
  readonly vgpus: Set<GvtMember> = new Set();

  constructor(gpu: Gpu, options: IntelGvtOptions = {}) {
    this.name = options.name ?? '0000:00:02.0';
    this.gpu = gpu;
    this.options = options;
    this.resources = new GpuResources(gpu.capacity, options.logger);
    this.types = gvtTypesOf(gpu.capacity);
  }

  /**
   * A virtual machine has one vGPU of a GPU at most.
   *
   * @throws VfioError `EEXIST` it has one
   */
  checkGuest(kvm: KvmReference | undefined): void {
    if (kvm === undefined) return;
    for (const vgpu of this.vgpus) {
      if (vgpu.kvm !== kvm) continue;
      const fact = `the virtual machine has ${vgpu.vdev.name} open`;
      throw new VfioError('EEXIST', 'openDevice', fact);
    }
  }

  /** Tells the host. @internal */
  displayReady({ share }: GvtMember, isReady: boolean): void {
    if (share === undefined) return;
    this.options.uevent?.({ GVT_DISPLAY_READY: isReady ? '1' : '0', VMID: `${share.id}` });
  }
}
