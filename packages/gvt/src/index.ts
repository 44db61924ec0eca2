export * from './device/driver.ts';
export { monitorEdid } from './device/edid.ts';
export * from './device/gvt.ts';
export * from './device/layout.ts';
export {
  GpuResources,
  HOST_APERTURE,
  type MappablePolicy,
  type ResourceWish,
  type VgpuResources,
} from './device/resources.ts';
export type { TablePolicy } from './device/table.ts';
export * from './device/types.ts';
export * from './device/vgpu-ops.ts';
export { IntelVgpu } from './device/vgpu.ts';
export * from './gpu/gpu.ts';
export { SoftGpu, type SoftGpuOptions } from './gpu/soft-gpu.ts';
