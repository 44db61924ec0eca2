// init, step by step, and release.

import {
  assignDeviceSet,
  enableDmaLog,
  msiCapability,
  msixCapability,
  pmCapability,
  setupIrq,
  setupRegion,
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_PCI_ERR_IRQ_INDEX,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSI_IRQ_INDEX,
  VFIO_PCI_MSIX_IRQ_INDEX,
  VFIO_PCI_REQ_IRQ_INDEX,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  PciConfigSpace,
  type SharedMemory,
} from '@vfio-ts/core';
import type { ReferenceDevice } from './device.ts';
import * as layout from './layout.ts';
import { resetState } from './state.ts';

const READ = VFIO_REGION_INFO_FLAG_READ;
const WRITE = VFIO_REGION_INFO_FLAG_WRITE;
const MMAP = VFIO_REGION_INFO_FLAG_MMAP;

/** Everything `init` does; on an error everything is as before. */
export function setUp(device: ReferenceDevice): void {
  const { adapter, vdev } = device;
  adapter.takePort();
  try {
    if (device.shared) assignDeviceSet(vdev, adapter);
    build(device);
    adapter.selfTest();
  } catch (error) {
    // Regions and the device set are taken back by the allocator.
    adapter.putPort();
    throw error;
  }
}

/** Opposite of {@link setUp}; core has closed the memory of the regions. */
export function tearDown(device: ReferenceDevice): void {
  device.adapter.putPort();
}

/** Registers, memory and interrupts. */
export function build(device: ReferenceDevice): void {
  const { vdev } = device;
  const config = configSpace();
  setupRegion(vdev, layout.REGISTERS_REGION, {
    size: layout.REGISTERS_SIZE,
    flags: READ | WRITE,
  });
  const ram = memoryRegion(device, layout.RAM_REGION, layout.RAM_SIZE, {});
  const sparse = memoryRegion(device, layout.SPARSE_REGION, layout.SPARSE_SIZE, {
    sparse: [{ offset: layout.REGISTERS_SIZE, size: layout.SPARSE_SIZE - layout.REGISTERS_SIZE }],
  });
  setupRegion(vdev, layout.LATCH_REGION, { size: layout.LATCH_SIZE, flags: READ | WRITE });
  setupRegion(vdev, layout.ROM_REGION, { size: layout.ROM_SIZE, flags: READ });
  setupRegion(vdev, layout.CONFIG_REGION, { size: config.size, flags: READ | WRITE });
  const screen = memoryRegion(device, layout.SCREEN_REGION, layout.SCREEN_SIZE, {
    type: { type: layout.SCREEN_TYPE, subtype: layout.SCREEN_SUBTYPE },
  });
  setupRegion(vdev, layout.PORT_REGION, { size: layout.PORT_SIZE, flags: WRITE });
  setUpIrqs(device);
  device.parts = { config, ram, sparse, screen, log: enableDmaLog(vdev) };
  resetState(device);
}

function memoryRegion(
  { vdev }: ReferenceDevice,
  index: number,
  size: number,
  more: Omit<Parameters<typeof setupRegion>[2], 'size' | 'flags'>,
): SharedMemory {
  const memory = vdev.core.memory.alloc(`${vdev.name} region ${index}`, size);
  setupRegion(vdev, index, { size, flags: READ | WRITE | MMAP, memory, ...more });
  return memory;
}

function setUpIrqs({ vdev }: ReferenceDevice): void {
  const flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
  setupIrq(vdev, VFIO_PCI_INTX_IRQ_INDEX, { count: 1, flags });
  setupIrq(vdev, VFIO_PCI_MSI_IRQ_INDEX, { count: layout.MSI_VECTORS });
  setupIrq(vdev, VFIO_PCI_MSIX_IRQ_INDEX, { count: layout.MSIX_VECTORS });
  setupIrq(vdev, VFIO_PCI_ERR_IRQ_INDEX, { count: 1 });
  setupIrq(vdev, VFIO_PCI_REQ_IRQ_INDEX, { count: 1 });
}

function configSpace(): PciConfigSpace {
  const table = {
    tableBar: layout.SPARSE_REGION,
    tableOffset: layout.MSIX_TABLE_OFFSET,
    pbaBar: layout.SPARSE_REGION,
    pbaOffset: layout.MSIX_PBA_OFFSET,
  };
  return new PciConfigSpace({
    vendorId: layout.REFERENCE_VENDOR_ID,
    deviceId: layout.REFERENCE_DEVICE_ID,
    classCode: 0xff_0000,
    interruptPin: 1,
    bars: {
      0: { kind: 'memory', size: layout.REGISTERS_SIZE },
      1: { kind: 'memory', size: layout.RAM_SIZE, prefetchable: true },
      2: { kind: 'memory', size: layout.SPARSE_SIZE },
      3: { kind: 'io', size: layout.LATCH_SIZE },
    },
    rom: { size: layout.ROM_SIZE },
    capabilities: [
      pmCapability(),
      msiCapability({ vectors: layout.MSI_VECTORS }),
      msixCapability({ vectors: layout.MSIX_VECTORS, ...table }),
    ],
  });
}
