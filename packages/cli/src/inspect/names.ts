// Names of what the kernel numbers (include/uapi/linux/vfio.h, vfio_ccw.h): flags, regions and interrupts by the kind of
// device.

import {
  VFIO_DEVICE_FLAGS_AMBA,
  VFIO_DEVICE_FLAGS_AP,
  VFIO_DEVICE_FLAGS_CAPS,
  VFIO_DEVICE_FLAGS_CCW,
  VFIO_DEVICE_FLAGS_FSL_MC,
  VFIO_DEVICE_FLAGS_PCI,
  VFIO_DEVICE_FLAGS_PLATFORM,
  VFIO_DEVICE_FLAGS_RESET,
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_IRQ_INFO_NORESIZE,
  VFIO_MIGRATION_P2P,
  VFIO_MIGRATION_PRE_COPY,
  VFIO_MIGRATION_STOP_COPY,
  VFIO_REGION_INFO_FLAG_CAPS,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
} from '@vfio-ts/core';

/** What kind of device it says it is. */
export type InspectedApi = 'pci' | 'platform' | 'amba' | 'ccw' | 'ap' | 'fsl-mc' | 'unknown';

type Names = Readonly<Record<string, number>>;

const DEVICE_FLAGS: Names = {
  RESET: VFIO_DEVICE_FLAGS_RESET,
  PCI: VFIO_DEVICE_FLAGS_PCI,
  PLATFORM: VFIO_DEVICE_FLAGS_PLATFORM,
  AMBA: VFIO_DEVICE_FLAGS_AMBA,
  CCW: VFIO_DEVICE_FLAGS_CCW,
  AP: VFIO_DEVICE_FLAGS_AP,
  FSL_MC: VFIO_DEVICE_FLAGS_FSL_MC,
  CAPS: VFIO_DEVICE_FLAGS_CAPS,
};

const REGION_FLAGS: Names = {
  READ: VFIO_REGION_INFO_FLAG_READ,
  WRITE: VFIO_REGION_INFO_FLAG_WRITE,
  MMAP: VFIO_REGION_INFO_FLAG_MMAP,
  CAPS: VFIO_REGION_INFO_FLAG_CAPS,
};

const IRQ_FLAGS: Names = {
  EVENTFD: VFIO_IRQ_INFO_EVENTFD,
  MASKABLE: VFIO_IRQ_INFO_MASKABLE,
  AUTOMASKED: VFIO_IRQ_INFO_AUTOMASKED,
  NORESIZE: VFIO_IRQ_INFO_NORESIZE,
};

const MIGRATION_FLAGS: Names = {
  STOP_COPY: VFIO_MIGRATION_STOP_COPY,
  P2P: VFIO_MIGRATION_P2P,
  PRE_COPY: VFIO_MIGRATION_PRE_COPY,
};

/** The flags of a device. */
export const deviceFlags: (value: number) => readonly string[] = namer(DEVICE_FLAGS);
/** Those of a region. */
export const regionFlags: (value: number) => readonly string[] = namer(REGION_FLAGS);
/** Those of an interrupt index. */
export const irqFlags: (value: number) => readonly string[] = namer(IRQ_FLAGS);
/** What a device that migrates can do. */
export const migrationFlags: (value: number) => readonly string[] = namer(MIGRATION_FLAGS);

/** Names for the bits there are; those without a name together as a number. */
function namer(names: Names): (value: number) => readonly string[] {
  return (value) => {
    const known = Object.entries(names).filter(([, flag]) => (value & flag) !== 0);
    const rest = known.reduce((left, [, flag]) => left & ~flag, value) >>> 0;
    const words = known.map(([name]) => name);
    return rest === 0 ? words : [...words, `0x${rest.toString(16)}`];
  };
}

/** The kind of a device by its flags. */
export function apiOf(flags: number): InspectedApi {
  if (flags & VFIO_DEVICE_FLAGS_PCI) return 'pci';
  if (flags & VFIO_DEVICE_FLAGS_CCW) return 'ccw';
  if (flags & VFIO_DEVICE_FLAGS_AP) return 'ap';
  if (flags & VFIO_DEVICE_FLAGS_PLATFORM) return 'platform';
  if (flags & VFIO_DEVICE_FLAGS_AMBA) return 'amba';
  return flags & VFIO_DEVICE_FLAGS_FSL_MC ? 'fsl-mc' : 'unknown';
}

type Indexed = Readonly<Partial<Record<InspectedApi, readonly string[]>>>;

const REGIONS: Indexed = {
  pci: ['BAR 0', 'BAR 1', 'BAR 2', 'BAR 3', 'BAR 4', 'BAR 5', 'ROM', 'configuration', 'VGA'],
  ccw: ['configuration'],
};

const IRQS: Indexed = {
  pci: ['INTx', 'MSI', 'MSI-X', 'ERR', 'REQ'],
  ccw: ['I/O', 'CRW', 'REQ'],
  ap: ['REQ', 'configuration change'],
};

/** A region, where its index alone says what it is. */
export function regionName(api: InspectedApi, index: number): string | undefined {
  return REGIONS[api]?.[index];
}

/** An interrupt index. */
export function irqName(api: InspectedApi, index: number): string {
  return IRQS[api]?.[index] ?? 'device specific';
}

/** `VFIO_REGION_TYPE_PCI_VENDOR_TYPE`: the vendor's id is in the lower half. */
const VENDOR_TYPE = 0x8000_0000;

const TYPES: Readonly<Record<number, string>> = { 1: 'graphics', 2: 'ccw', 3: 'migration (old)' };

const SUBTYPES: Readonly<Record<string, readonly string[]>> = {
  graphics: ['', 'EDID'],
  ccw: ['', 'asynchronous commands', 'SCHIB', 'CRW'],
  'PCI vendor 8086': ['', 'OpRegion', 'host bridge configuration', 'LPC bridge configuration'],
};

/** What a region of a type is. */
export function regionTypeName(type: number, subtype: number): string {
  const isVendor = type >= VENDOR_TYPE;
  const vendor = `PCI vendor ${(type & 0xffff).toString(16).padStart(4, '0')}`;
  const name = isVendor ? vendor : (TYPES[type] ?? `type ${type}`);
  return `${name}: ${SUBTYPES[name]?.[subtype] ?? `subtype ${subtype}`}`;
}
