// What a group or a character device is attached to before its device can be opened: an address space for DMA.

import type { VfioCore } from '../core.ts';
import { IoAddressSpace } from '../dma/address-space.ts';

/** An address space that groups are attached to. Counterpart of a `/dev/vfio/vfio` file with a type1 IOMMU. */
export class Container {
  readonly ioas: IoAddressSpace;
  #open = true;

  constructor(core: VfioCore, name: string) {
    this.ioas = new IoAddressSpace({ logger: core.logger, name, tracker: core.tracker });
  }

  /** `false` once closed. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Unmaps everything. A second call does nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.ioas.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The same for iommufd: what character devices are bound to. Counterpart of a `/dev/iommu` file. */
export class Iommufd extends Container {
  /** Tells the two apart, whose shape is the same. */
  readonly type = 'iommufd' as const;
}
