// The reference device as the suite sees it.

import { setIntx, triggerIrq, VFIO_MIGRATION_STOP_COPY } from '@vfio-ts/core';
import type { DeviceHarness } from '../harness.ts';
import { adapterOf, PORTS } from './adapter.ts';
import type { ReferenceDevice } from './device.ts';
import {
  RAM_REGION,
  RAM_SIZE,
  REFERENCE_DEVICE_ID,
  REFERENCE_VENDOR_ID,
  REG_SCRATCH,
} from './layout.ts';
import { referenceMdevDriver, referenceMdevHooks } from './mdev.ts';
import { createReference, referenceMigrationOps, referenceOps } from './ops.ts';
import { saveState } from './state.ts';

/** The harness of the good device; broken drivers are variants of it. */
export const referenceHarness: DeviceHarness<ReferenceDevice> = {
  name: 'reference device',
  supports: {
    pci: true,
    reset: true,
    mmap: true,
    irqs: true,
    dma: true,
    migration: true,
    p2p: true,
    preCopy: true,
    log: true,
    gfx: true,
    iommufd: true,
    request: true,
  },
  ops: referenceOps,
  create: (host, ops) => createReference(host.parent('reference'), ops),
  createShared: (host, ops) => createReference(host.parent('reference'), ops, { shared: true }),
  vdev: ({ vdev }) => vdev,
  triggerIrq: ({ vdev }, index, subindex) => triggerIrq(vdev, index, subindex),
  setIntx: ({ vdev }, asserted) => setIntx(vdev, asserted),
  pciIds: {
    vendorId: REFERENCE_VENDOR_ID,
    deviceId: REFERENCE_DEVICE_ID,
    classCode: 0xff_0000,
    subsystemVendorId: 0,
    subsystemId: 0,
  },
  dma: {
    read: ({ dma }, iova, into) => dma.read(iova, into),
    write: ({ dma }, iova, from) => dma.write(iova, from),
    pin: ({ dma }, iova, npage, prot) => dma.pin(iova, npage, prot),
    unpin: ({ dma }, iova, npage) => dma.unpin(iova, npage),
  },
  ram: { region: RAM_REGION, offset: 0, length: RAM_SIZE },
  mutate({ registers, latch, parts }) {
    registers.fill(0x5a, REG_SCRATCH, REG_SCRATCH + 8);
    latch.fill(0xa5);
    parts.ram.bytes.fill(0x3c, 0x100, 0x200);
    parts.screen.bytes.fill(0xff, 0, 64);
  },
  snapshot: saveState,
  initFaults: [
    { name: 'no port is free', code: 'ENOSPC', arm: (core) => adapterOf(core).break('ports') },
    { name: 'the self test', code: 'EIO', arm: (core) => adapterOf(core).break('self-test') },
  ],
  mdev: referenceMdevHooks(referenceMdevDriver),
  resources: (core) => ({ ports: PORTS - adapterOf(core).free }),
};

/** The same device with nothing but the mandatory migration states. */
export const stopCopyHarness: DeviceHarness<ReferenceDevice> = {
  ...referenceHarness,
  name: 'reference device without optional migration states',
  supports: { ...referenceHarness.supports, p2p: false, preCopy: false },
  ops: Object.assign({}, referenceOps, {
    migration: { ...referenceMigrationOps, flags: VFIO_MIGRATION_STOP_COPY },
  }),
};
