// The callbacks of the reference device.

import {
  allocDevice,
  dmaLogOps,
  DRM_FORMAT_MOD_LINEAR,
  DRM_FORMAT_XRGB8888,
  iommufdEmulatedOps,
  triggerIrq,
  VFIO_MIGRATION_P2P,
  VFIO_MIGRATION_PRE_COPY,
  VFIO_MIGRATION_STOP_COPY,
  VFIO_PCI_REQ_IRQ_INDEX,
  VfioError,
  type GfxPlane,
  type ParentDevice,
  type Ref,
  type VfioDeviceOps,
  type VfioLogOps,
  type VfioMigrationOps,
} from '@vfio-ts/core';
import { adapterOf } from './adapter.ts';
import { ReferenceDevice, type ReferenceOptions } from './device.ts';
import * as layout from './layout.ts';
import { readRegion, writeRegion } from './registers.ts';
import { setUp, tearDown } from './set-up.ts';
import { resetState } from './state.ts';

/** Migration of the reference device. */
export const referenceMigrationOps: VfioMigrationOps<ReferenceDevice> = {
  flags: VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY,
  getState: ({ migration }) => migration.state,
  setState: ({ migration }, from, to) => migration.go(from, to),
  getDataSize: ({ migration }) => migration.dataSize,
};

/** Dirty tracking of the reference device. */
export const referenceLogOps: VfioLogOps<ReferenceDevice> = dmaLogOps(({ parts }) => parts.log);

/** What the reference device shows. */
export const referencePlane: GfxPlane = {
  drmFormat: DRM_FORMAT_XRGB8888,
  drmFormatMod: DRM_FORMAT_MOD_LINEAR,
  width: layout.SCREEN_WIDTH,
  height: layout.SCREEN_HEIGHT,
  stride: layout.SCREEN_WIDTH * 4,
  size: layout.SCREEN_SIZE,
  xPos: 0,
  yPos: 0,
  xHot: 0,
  yHot: 0,
  regionIndex: layout.SCREEN_REGION,
};

/** Every callback there is. */
export const referenceOps: VfioDeviceOps<ReferenceDevice> = {
  name: 'reference',
  ...iommufdEmulatedOps,
  init: setUp,
  release: tearDown,
  openDevice(device) {
    if (device.shared) device.adapter.sharedOpen.add(device);
    device.migration.restart();
  },
  closeDevice(device) {
    device.dma.stop();
    device.adapter.sharedOpen.delete(device);
  },
  read: readRegion,
  write: writeRegion,
  reset,
  request(device, count) {
    device.requests.push(count);
    triggerIrq(device.vdev, VFIO_PCI_REQ_IRQ_INDEX, 0);
  },
  dmaUnmap(device, iova, length) {
    device.dma.leave(iova, length);
  },
  queryGfxPlane: () => referencePlane,
  migration: referenceMigrationOps,
  log: referenceLogOps,
};

function reset(device: ReferenceDevice): void {
  const { adapter, shared, vdev } = device;
  if (shared && adapter.sharedOpen.size > 1) {
    throw new VfioError('EBUSY', 'reset', `${vdev.name} shares its reset with an open device`);
  }
  device.dma.stop();
  resetState(device);
  device.migration.restart();
}

/** Allocates a reference device. */
export function createReference(
  parent: ParentDevice,
  ops: VfioDeviceOps<ReferenceDevice> = referenceOps,
  options: ReferenceOptions = { shared: false },
): Ref<ReferenceDevice> {
  const adapter = adapterOf(parent.core);
  return allocDevice(ReferenceDevice, 'vdev', parent, ops, adapter, options);
}
