// The configuration space: identity, one BAR, and a vendor capability that tells the driver how large the screen is.

import {
  DRM_FORMAT_XRGB8888,
  PCI_HEADER_FIXED,
  PciConfigSpace,
  PciRegisters,
  vendorCapability,
} from '@vfio-ts/core';
import {
  MDPY_FORMAT_OFFSET,
  MDPY_HEIGHT_OFFSET,
  MDPY_PCI_CLASS_CODE,
  MDPY_PCI_DEVICE_ID,
  MDPY_PCI_SUBSYSTEM_ID,
  MDPY_PCI_SUBSYSTEM_VENDOR_ID,
  MDPY_PCI_VENDOR_ID,
  MDPY_VENDOR_CAP_OFFSET,
  MDPY_WIDTH_OFFSET,
} from './layout.ts';
import { mdpyMemorySize, type MdpyType } from './types.ts';

/** Builds the configuration space of a device; the address in BAR 0 is all a guest can change. */
export function mdpyConfigSpace(type: MdpyType): PciConfigSpace {
  const start = MDPY_FORMAT_OFFSET;
  const payload = new PciRegisters(12)
    .set32(MDPY_FORMAT_OFFSET - start, DRM_FORMAT_XRGB8888)
    .set32(MDPY_WIDTH_OFFSET - start, type.width)
    .set32(MDPY_HEIGHT_OFFSET - start, type.height);
  return new PciConfigSpace({
    vendorId: MDPY_PCI_VENDOR_ID,
    deviceId: MDPY_PCI_DEVICE_ID,
    subsystemVendorId: MDPY_PCI_SUBSYSTEM_VENDOR_ID,
    subsystemId: MDPY_PCI_SUBSYSTEM_ID,
    classCode: MDPY_PCI_CLASS_CODE,
    revisionId: 1,
    command: 0x0003,
    masks: PCI_HEADER_FIXED,
    bars: { 0: { kind: 'memory', size: mdpyMemorySize(type), prefetchable: true } },
    capabilities: [vendorCapability({ offset: MDPY_VENDOR_CAP_OFFSET, payload })],
  });
}
