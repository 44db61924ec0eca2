// The callbacks of a vGPU. Counterpart of intel_vgpu_dev_ops (gvt/kvmgt.c).

import { iommufdEmulatedOps, type VfioDeviceOps } from '@vfio-ts/core';
import type { IntelVgpu } from './vgpu.ts';

/** The callbacks of {@link IntelVgpu}. */
export const intelVgpuOps: VfioDeviceOps<IntelVgpu> = {
  name: 'i915',
  deviceApi: 'vfio-pci',
  ...iommufdEmulatedOps,
  init: (vgpu) => vgpu.create(),
  release: (vgpu) => vgpu.destroy(),
  openDevice: (vgpu) => vgpu.open(),
  closeDevice: (vgpu) => vgpu.close(),
  read: (vgpu, region, offset, into) => vgpu.read(region, offset, into),
  write: (vgpu, region, offset, from) => vgpu.write(region, offset, from),
  quiesce: (vgpu) => vgpu.quiesce(),
  reset: (vgpu) => vgpu.reset(),
  queryGfxPlane: (vgpu) => vgpu.plane(),
};
