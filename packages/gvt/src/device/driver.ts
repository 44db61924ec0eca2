// The driver on the mdev bus: what an administrator creates and removes by UUID. Counterpart of intel_vgpu_mdev_driver.

import {
  allocDevice,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  type MdevAttributeGroup,
  type MdevBus,
  type MdevDriver,
  type MdevParent,
  type Ref,
} from '@vfio-ts/core';
import type { Gpu } from '../gpu/gpu.ts';
import { IntelGvt, type IntelGvtOptions } from './gvt.ts';
import { describeGvtType, type GvtType } from './types.ts';
import { intelVgpuOps } from './vgpu-ops.ts';
import { IntelVgpu } from './vgpu.ts';

/** What the bus keeps for each vGPU: the driver's reference to its device. */
export type GvtInstance = Ref<IntelVgpu>;

/** The parent that vGPUs are created under; its `device` is the GPU. */
export type GvtParent = MdevParent<GvtType, GvtInstance, IntelGvt>;

const attributes: MdevAttributeGroup<GvtType, GvtInstance, IntelGvt> = {
  vgpu_id: { show: (_mdev, { device }) => `${device.share?.id ?? 0}\n` },
};

/** Makes the driver of vGPUs. */
export function gvtDriver(): MdevDriver<GvtType, GvtInstance, IntelGvt> {
  return {
    name: 'i915',
    deviceApi: 'vfio-pci',
    probe(mdev) {
      const { device: gvt } = mdev.parent;
      const ref = allocDevice(IntelVgpu, 'vdev', mdev, intelVgpuOps, gvt, mdev.type.definition);
      try {
        registerEmulatedIommuDev(ref.device.vdev);
        return ref;
      } catch (error) {
        ref.put();
        throw error;
      }
    },
    async remove(_mdev, ref) {
      await unregisterGroupDev(ref.device.vdev);
      ref.put();
    },
    getAvailable: ({ parent, definition }) => parent.device.resources.available(definition),
    showDescription: ({ definition }) => describeGvtType(definition),
    attributes: { intel_vgpu: attributes },
  };
}

/**
 * Registers the driver, and a parent for the GPU with the types that it offers.
 *
 * @throws `EBUSY` registered before; `EEXIST` there is a parent of that name; `EINVAL` the name. Nothing is left
 * registered then.
 */
export function registerGvt(bus: MdevBus, gpu: Gpu, options: IntelGvtOptions = {}): GvtParent {
  const gvt = new IntelGvt(gpu, { logger: bus.core.logger, ...options });
  const driver = gvtDriver();
  bus.registerDriver(driver);
  try {
    return bus.registerParentDevice(gvt, driver, gvt.types);
  } catch (error) {
    // Nothing is bound yet, so the driver is gone when this returns its promise.
    void bus.unregisterDriver(driver);
    throw error;
  }
}

/** Removes all vGPUs, waiting for their users, then parent and driver. Opposite of {@link registerGvt}. */
export async function unregisterGvt(bus: MdevBus, parent: GvtParent): Promise<void> {
  await parent.unregister();
  await bus.unregisterDriver(parent.driver);
}
