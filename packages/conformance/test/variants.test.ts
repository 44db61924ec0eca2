// Devices that can do less than the reference device, and say so: they conform too.

import {
  allocDevice,
  iommufdEmulatedOps,
  setupRegion,
  VFIO_MIGRATION_P2P,
  VFIO_MIGRATION_PRE_COPY,
  VFIO_MIGRATION_STOP_COPY,
  VFIO_REGION_INFO_FLAG_READ,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { conformance, supportsNothing, type DeviceHarness } from '../src/index.ts';
import {
  referenceHarness,
  referenceMigrationOps,
  referenceOps,
  type ReferenceDevice,
} from '../src/reference-device/index.ts';
import { withoutOps, type OpName } from '../src/spy-ops.ts';

type Supports = DeviceHarness<ReferenceDevice>['supports'];

function without(
  name: string,
  supports: Partial<Supports>,
  ...ops: readonly OpName[]
): DeviceHarness<ReferenceDevice> {
  return {
    ...referenceHarness,
    name,
    supports: { ...referenceHarness.supports, ...supports },
    ops: withoutOps(referenceOps, ...ops),
  };
}

function migrating(name: string, p2p: boolean, preCopy: boolean): DeviceHarness<ReferenceDevice> {
  const more = (p2p ? VFIO_MIGRATION_P2P : 0) | (preCopy ? VFIO_MIGRATION_PRE_COPY : 0);
  const migration = { ...referenceMigrationOps, flags: VFIO_MIGRATION_STOP_COPY | more };
  return {
    ...referenceHarness,
    name,
    supports: { ...referenceHarness.supports, p2p, preCopy },
    ops: Object.assign({}, referenceOps, { migration }),
  };
}

const noMigration = { migration: false, p2p: false, preCopy: false };

/** Each with the suites that ask for what it lacks. */
const variants: readonly (readonly [DeviceHarness<ReferenceDevice>, ...string[]])[] = [
  [migrating('a device without P2P', false, true), 'migration', 'migration data'],
  [migrating('a device without PRE_COPY', true, false), 'migration', 'migration data'],
  [migrating('a device with STOP_COPY alone', false, false), 'migration', 'migration data'],
  [
    without('a device that does not migrate', noMigration, 'migration'),
    'features',
    'migration',
    'migration data',
    'reset',
    'while unregistering',
  ],
  [without('a device that does not log', { log: false }, 'log'), 'features', 'logging'],
  [
    without('a device without reset', { reset: false }, 'reset'),
    'info',
    'reset',
    'migration',
    'migration data',
    'logging',
    'after close',
  ],
  [
    without('a device without pins', { dma: false }, 'dmaUnmap'),
    'DMA maps',
    'DMA access',
    'DMA pins',
    'logging',
  ],
];

for (const [harness, ...only] of variants) conformance(harness, { only });

/** A device of one read-only region that no PCI driver would take. */
class Plain {
  readonly vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

const plainOps: VfioDeviceOps<Plain> = {
  name: 'plain',
  deviceApi: 'vfio-platform',
  ...iommufdEmulatedOps,
  init: ({ vdev }) => setupRegion(vdev, 0, { size: 64, flags: VFIO_REGION_INFO_FLAG_READ }),
  read: (_, _region, offset, into) => into.forEach((__, i) => (into[i] = offset + i)),
};

const plain: DeviceHarness<Plain> = {
  name: 'a device that can be read and nothing else',
  supports: { ...supportsNothing, iommufd: true },
  ops: plainOps,
  create: (host, ops) => allocDevice(Plain, 'vdev', host.parent('plain'), ops),
  vdev: ({ vdev }) => vdev,
};

conformance(plain);
