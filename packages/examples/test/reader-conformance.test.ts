import { conformance, supportsNothing, type DeviceHarness } from '@vfio-ts/conformance';
import { CcwDevice, ccwOps, ChannelSubsystem } from '@vfio-ts/ccw';
import { allocDevice, dmaRw, triggerIrq } from '@vfio-ts/core';
import { overTheWire } from '@vfio-ts/vfio-user/testing';
import { CardReader } from '../src/card-reader.ts';

const harness: DeviceHarness<CcwDevice> = {
  name: 'card reader',
  supports: {
    ...supportsNothing,
    reset: true,
    irqs: true,
    dma: true,
    iommufd: true,
    request: true,
  },
  ops: ccwOps,
  create(host, ops) {
    const parent = host.parent('0.0.0000');
    const subsystem = new ChannelSubsystem(parent.core);
    const subchannel = subsystem.attach({ unit: new CardReader(), deviceNumber: 0x000c });
    return allocDevice(CcwDevice, 'vdev', parent, ops, subchannel);
  },
  vdev: ({ vdev }) => vdev,
  triggerIrq: ({ vdev }, index, subindex) => triggerIrq(vdev, index, subindex),
  dma: {
    read: ({ vdev }, iova, into) => dmaRw(vdev, iova, into, false),
    write: ({ vdev }, iova, from) => dmaRw(vdev, iova, from, true),
    pin: ({ pages }, iova, npage, prot) => pages.pin(iova, npage, prot),
    unpin: ({ pages }, iova, npage) => pages.unpin(iova, npage),
  },
  mutate: ({ io }) => void io.bytes.fill(0x5a),
  snapshot: ({ io, async }) => Uint8Array.from([...io.bytes, ...async.bytes]),
};

conformance(harness);
conformance(overTheWire(harness));
