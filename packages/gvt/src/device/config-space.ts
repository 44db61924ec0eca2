// Configuration space of a vGPU. Counterpart of gvt/cfg_space.c: the header obeys masks, the bytes behind it hold what
// is written, three registers act.

import {
  msiCapability,
  PCI_MSI_FLAGS,
  PCI_MSI_FLAGS_ENABLE,
  PciConfigSpace,
  PciRegisters,
  pmCapability,
  type PciDeviceRegisters,
  type PciRegisterChange,
} from '@vfio-ts/core';
import type { GpuCapacity } from '../gpu/gpu.ts';
import {
  BAR0_SIZE,
  GVT_PCI_CLASS_CODE,
  GVT_PCI_DEVICE_ID,
  GVT_PCI_REVISION_ID,
  GVT_PCI_SUBSYSTEM_ID,
  GVT_PCI_SUBSYSTEM_VENDOR_ID,
  GVT_PCI_VENDOR_ID,
  ROM_SIZE,
} from './layout.ts';

const CONFIG_SIZE = 4096;
/** Graphics control: size of the table, no stolen memory. */
const GMCH_CTRL = 0x50;
const MSI = 0x90;
const PM = 0xd0;
/** Software SCI. */
const SWSCI = 0xe8;
const SWSCI_TRIGGER = 1 << 0;
const SWSCI_SCI_SELECT = 1 << 15;
/** Where the guest has its OpRegion. */
const ASLS = 0xfc;

const GIB = 2 ** 30;

/** What configuration space makes happen. */
export interface ConfigHooks {
  /** The guest puts the device to sleep. */
  sleep(): void;
  /** The guest asks the firmware for something. @param asls - address of its OpRegion, 0 for none */
  softwareSci(asls: number): void;
  /** The same by an SMI, which nobody takes. */
  softwareSmi(): void;
}

/** Builds the configuration space of a vGPU on a GPU of that capacity. */
export function gvtConfigSpace(capacity: GpuCapacity, hooks: ConfigHooks): PciConfigSpace {
  const sci: PciDeviceRegisters = {
    offset: SWSCI,
    registers: new PciRegisters(2).set16(0, 0, { rw: 0xffff }),
    onChange: (change) => requested(change),
  };
  const config = new PciConfigSpace({
    vendorId: GVT_PCI_VENDOR_ID,
    deviceId: GVT_PCI_DEVICE_ID,
    revisionId: GVT_PCI_REVISION_ID,
    classCode: GVT_PCI_CLASS_CODE,
    subsystemVendorId: GVT_PCI_SUBSYSTEM_VENDOR_ID,
    subsystemId: GVT_PCI_SUBSYSTEM_ID,
    interruptPin: 1,
    size: CONFIG_SIZE,
    masks: { command: 0x07ff, status: 0xf900, cacheLineSize: 0xff, interruptLine: 0xff },
    bars: {
      0: { kind: 'memory', width: 64, size: BAR0_SIZE },
      2: { kind: 'memory', width: 64, size: capacity.aperture, prefetchable: true },
    },
    rom: { size: ROM_SIZE },
    capabilities: [
      msiCapability({ offset: MSI, vectors: 1, address64: false }),
      pmCapability({
        offset: PM,
        onPowerState: (now) => {
          if (now === 'D3hot') hooks.sleep();
        },
      }),
    ],
    registers: [
      stored(0x40, GMCH_CTRL),
      {
        offset: GMCH_CTRL,
        registers: new PciRegisters(2).set16(0, tableSize(capacity), { rw: 0xffff }),
      },
      stored(GMCH_CTRL + 2, MSI),
      stored(MSI + 0x0a, PM),
      stored(PM + 0x08, SWSCI),
      sci,
      stored(SWSCI + 2, CONFIG_SIZE),
    ],
  });

  function requested({ bytes, before, cause }: PciRegisterChange): void {
    const [low = 0, high = 0] = bytes;
    const isEdge = (low & SWSCI_TRIGGER) !== 0 && ((before[0] ?? 0) & SWSCI_TRIGGER) === 0;
    if (!isEdge || cause !== 'write') return;
    // Firmware takes the request back when it is done, so that the next one is an edge again.
    config.store(SWSCI, Uint8Array.of(low & ~SWSCI_TRIGGER));
    if (((high << 8) & SWSCI_SCI_SELECT) === 0) hooks.softwareSmi();
    else hooks.softwareSci(config.read32(ASLS));
  }

  return config;
}

/** The guest wants messages. */
export function isMsiEnabled(config: PciConfigSpace): boolean {
  return (config.read16(MSI + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE) !== 0;
}

/** Bytes that hold what is written. */
function stored(offset: number, end: number): PciDeviceRegisters {
  const registers = new PciRegisters(end - offset);
  registers.writable.fill(0xff);
  return { offset, registers };
}

/** The size of the table, bits 7:6: 2 MiB, 4 MiB or 8 MiB of entries, for 1, 2 or 4 GiB. */
function tableSize({ total }: GpuCapacity): number {
  return (Math.log2(total / GIB) + 1) << 6;
}
