// The driver as the shared suite sees it.

import { supportsNothing, type DeviceHarness } from '@vfio-ts/conformance';
import { allocDevice, dmaRw, triggerIrq } from '@vfio-ts/core';
import { CcwDevice, ccwOps, registerVfioCcw } from '../../src/index.ts';
import { ScriptedSubchannel } from './scripted-subchannel.ts';

/** Devices over subchannels that do what they are told. */
export const ccwHarness: DeviceHarness<CcwDevice> = {
  name: 'vfio-ccw',
  supports: {
    ...supportsNothing,
    reset: true,
    irqs: true,
    dma: true,
    iommufd: true,
    request: true,
  },
  ops: ccwOps,
  create: (host, ops) =>
    allocDevice(CcwDevice, 'vdev', host.parent('0.0.313f'), ops, new ScriptedSubchannel()),
  vdev: ({ vdev }) => vdev,
  triggerIrq: ({ vdev }, index, subindex) => triggerIrq(vdev, index, subindex),
  dma: {
    read: ({ vdev }, iova, into) => dmaRw(vdev, iova, into, false),
    write: ({ vdev }, iova, from) => dmaRw(vdev, iova, from, true),
    pin: ({ pages }, iova, npage, prot) => pages.pin(iova, npage, prot),
    unpin: ({ pages }, iova, npage) => pages.unpin(iova, npage),
  },
  snapshot: ({ io, async }) => Uint8Array.from([...io.bytes, ...async.bytes]),
  mutate: ({ io }) => void io.bytes.fill(0x5a),
  mdev: {
    register: (bus) => void registerVfioCcw(bus, [new ScriptedSubchannel()]),
    directories: {
      'vfio_ccw-io': {
        name: 'I/O subchannel (Non-QDIO)',
        deviceApi: 'vfio-ccw',
        availableInstances: 1,
      },
    },
  },
};
