// The checksum engine as the shared suite sees it.
import { supportsNothing, type DeviceHarness } from '@vfio-ts/conformance';
import {
  allocDevice,
  setIntx,
  triggerIrq,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { CrcDevice, crcOps } from '../src/crc-device.ts';
import * as reg from '../src/crc-registers.ts';

const le32 = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);

export const harness: DeviceHarness<CrcDevice> = {
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
  additional({ test }) {
    test('it sums the memory that the guest points it at', async (t) => {
      const { access, session } = await t.open();
      const memory = session.memory(4096);
      memory.bytes.set(new TextEncoder().encode('123456789'));
      const flags = VFIO_DMA_MAP_FLAG_READ;
      await access.mapDma({ iova: 0x1000, size: 4096, flags, memory });
      await access.write(VFIO_PCI_CONFIG_REGION_INDEX, 4, Uint8Array.of(6, 0));
      for (const [register, value] of [
        [reg.CRC_ADDRESS_LOW, 0x1000],
        [reg.CRC_LENGTH, 9],
        [reg.CRC_COMMAND, reg.CRC_COMMAND_START],
      ] as const) {
        await access.write(VFIO_PCI_BAR0_REGION_INDEX, register, le32(value));
      }
      const sum = new Uint8Array(4);
      await access.read(VFIO_PCI_BAR0_REGION_INDEX, reg.CRC_RESULT, sum);
      expect(sum).toEqual(le32(0xcbf4_3926));
    });
  },
};
