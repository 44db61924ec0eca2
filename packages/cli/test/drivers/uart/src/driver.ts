// A driver as somebody else writes one: a serial port of which only the scratch register works.

import type { PackagedDriver } from '@vfio-ts/cli/driver';
import {
  allocDevice,
  iommufdEmulatedOps,
  PciConfigSpace,
  registerEmulatedIommuDev,
  setupRegion,
  unregisterGroupDev,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  type MdevDriver,
  type MdevTypeDefinition,
  type Ref,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';

const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
const SCRATCH = 7;

class Uart {
  readonly vdev: VfioDevice;
  readonly registers = new Uint8Array(8);
  readonly config: PciConfigSpace = new PciConfigSpace({
    vendorId: 0x1234,
    deviceId: 0x5678,
    classCode: 0x07_00_02,
    bars: { 0: { kind: 'io', size: 8 } },
  });

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

const ops: VfioDeviceOps<Uart> = {
  name: 'uart',
  ...iommufdEmulatedOps,
  init({ vdev, config }) {
    setupRegion(vdev, VFIO_PCI_CONFIG_REGION_INDEX, { size: config.size, flags: READ_WRITE });
    setupRegion(vdev, VFIO_PCI_BAR0_REGION_INDEX, { size: 8, flags: READ_WRITE });
  },
  read(uart, region, offset, into) {
    if (region === VFIO_PCI_CONFIG_REGION_INDEX) uart.config.read(offset, into);
    else into.set(uart.registers.subarray(offset, offset + into.length));
  },
  write(uart, region, offset, from) {
    if (region === VFIO_PCI_CONFIG_REGION_INDEX) uart.config.write(offset, from);
    else if (offset === SCRATCH) uart.registers[SCRATCH] = from[0] ?? 0;
  },
};

const uartDriver: MdevDriver<MdevTypeDefinition, Ref<Uart>> = {
  name: 'uart',
  deviceApi: 'vfio-pci',
  maxInstances: 4,
  probe(mdev) {
    const uart = allocDevice(Uart, 'vdev', mdev, ops);
    try {
      registerEmulatedIommuDev(uart.device.vdev);
      return uart;
    } catch (error) {
      uart.put();
      throw error;
    }
  },
  async remove(_mdev, uart) {
    await unregisterGroupDev(uart.device.vdev);
    uart.put();
  },
};

/** What `vfio-ts serve vfio-uart` serves. */
export const driver: PackagedDriver = {
  name: 'vfio-uart',
  busName: 'uart',
  help: ['uart-16550 a serial port'],
  register(bus) {
    bus.registerDriver(uartDriver);
    const parent = bus.registerParent('uart', uartDriver, [{ sysfsName: '16550' }]);
    return {
      async unregister() {
        await parent.unregister();
        await bus.unregisterDriver(uartDriver);
      },
    };
  },
};
