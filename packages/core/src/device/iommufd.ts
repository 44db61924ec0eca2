// The four iommufd callbacks for devices without an IOMMU of their own.

import type { IommufdOps } from '../ops.ts';

/**
 * Ready-made iommufd callbacks for emulated devices: core keeps the binding, and the address space calls
 * `dmaUnmap`. Counterpart of `vfio_iommufd_emulated_bind()` and its three companions.
 */
export const iommufdEmulatedOps: IommufdOps<object> = {
  bindIommufd() {},
  unbindIommufd() {},
  attachIoas() {},
  detachIoas() {},
};
