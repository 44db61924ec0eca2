import { conformance, supportsNothing, type DeviceHarness } from '../../src/index.ts';
import { allocDevice } from '@vfio-ts/core';
import { LatchDevice, latchOps } from './latch.ts';

const harness: DeviceHarness<LatchDevice> = {
  name: 'latch',
  supports: { ...supportsNothing, iommufd: true, reset: true },
  ops: latchOps,
  create: (host, ops) => allocDevice(LatchDevice, 'vdev', host.parent('latch'), ops),
  vdev: ({ vdev }) => vdev,
  ram: { region: 0, offset: 0, length: 64 },
  mutate: ({ bytes }) => void bytes.fill(0x5a),
  snapshot: ({ bytes }) => bytes.slice(),
};

conformance(harness);
