import { conformance, supportsNothing, type DeviceHarness } from '@vfio-ts/conformance';
import { allocDevice, setIntx, triggerIrq } from '@vfio-ts/core';
import { overTheWire } from '@vfio-ts/vfio-user/testing';
import { CrcDevice, crcOps } from '../src/crc-device.ts';
import * as reg from '../src/crc-registers.ts';

const harness: DeviceHarness<CrcDevice> = {
  name: 'crc',
  supports: { ...supportsNothing, pci: true, reset: true, irqs: true, iommufd: true },
  ops: crcOps,
  create: (host, ops) => allocDevice(CrcDevice, 'vdev', host.parent('crc'), ops),
  vdev: ({ vdev }) => vdev,
  pciIds: {
    vendorId: 0x1234,
    deviceId: 0xc3c3,
    classCode: 0xff_00_00,
    subsystemVendorId: 0,
    subsystemId: 0,
  },
  triggerIrq: ({ vdev }, index, subindex) => triggerIrq(vdev, index, subindex),
  setIntx: ({ vdev }, asserted) => setIntx(vdev, asserted),
  mutate: ({ registers }) => registers.setUint32(reg.CRC_LENGTH, 1, true),
  snapshot: ({ registers }) => new Uint8Array(registers.buffer.slice(0)),
};

conformance(harness);
conformance(overTheWire(harness));
