// #region first-test
import { crc32 } from 'node:zlib';
import {
  allocDevice,
  Container,
  deviceGroup,
  HeapMemory,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VfioCore,
} from '@vfio-ts/core';
import { expect, test } from 'vitest';
import { CrcDevice, crcOps } from '../src/crc-device.ts';
import * as reg from '../src/crc-registers.ts';

const le32 = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);

test('the engine answers with the CRC-32 of guest memory', async () => {
  const clock = { now: () => 0, after: () => ({ cancel: () => undefined }) };
  const core = new VfioCore({ clock, logger: { log: () => undefined }, memory: new HeapMemory() });
  using crc = allocDevice(CrcDevice, 'vdev', core.parent('crc'), crcOps);
  const { vdev } = crc.device;
  registerEmulatedIommuDev(vdev);

  using container = new Container(core, 'test');
  using group = deviceGroup(vdev).open();
  group.setContainer(container);
  using file = group.openDevice(vdev);

  const memory = core.memory.alloc('guest', 4096);
  memory.bytes.set(new TextEncoder().encode('123456789'));
  file.mapDma({ iova: 0x1000, size: 4096, flags: VFIO_DMA_MAP_FLAG_READ, memory });
  file.write(VFIO_PCI_CONFIG_REGION_INDEX, 4, Uint8Array.of(6, 0));
  file.write(VFIO_PCI_BAR0_REGION_INDEX, reg.CRC_ADDRESS_LOW, le32(0x1000));
  file.write(VFIO_PCI_BAR0_REGION_INDEX, reg.CRC_LENGTH, le32(9));
  file.write(VFIO_PCI_BAR0_REGION_INDEX, reg.CRC_COMMAND, le32(reg.CRC_COMMAND_START));

  const result = new Uint8Array(4);
  file.read(VFIO_PCI_BAR0_REGION_INDEX, reg.CRC_RESULT, result);
  expect(result).toEqual(le32(crc32('123456789')));
  expect(result).toEqual(le32(0xcbf4_3926));

  file.close();
  container.close();
  memory.close();
  await unregisterGroupDev(vdev);
});
// #endregion
