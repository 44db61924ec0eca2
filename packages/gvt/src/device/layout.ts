// What a vGPU shows to its guest and to the user of its device file.

/** Intel. */
export const GVT_PCI_VENDOR_ID = 0x8086;
/** HD Graphics 630: Kaby Lake GT2, desktop. */
export const GVT_PCI_DEVICE_ID = 0x5912;
/** A stepping that Linux's driver does not take for a prototype. */
export const GVT_PCI_REVISION_ID = 0x04;
/** Display controller, neither VGA nor XGA nor 3D: a secondary one. */
export const GVT_PCI_CLASS_CODE = 0x03_80_00;
export const GVT_PCI_SUBSYSTEM_VENDOR_ID = 0x8086;
export const GVT_PCI_SUBSYSTEM_ID = 0x2212;

/** BAR 0: registers and the table of the graphics address space, bytes. */
export const BAR0_SIZE = 0x100_0000;
/** Bytes of BAR 0 that are registers; what follows up to the table is nothing. */
export const REGISTERS_SIZE = 0x20_0000;
/** Where the table starts in BAR 0. */
export const GTT_OFFSET = 0x80_0000;
/** Bytes. */
export const ROM_SIZE = 0x800;

/** Region with the OpRegion, read-only. */
export const GVT_OPREGION_REGION = 9;
/** Region by which the monitor is changed. */
export const GVT_EDID_REGION = 10;
/** Region with the picture. */
export const GVT_PICTURE_REGION = 11;

/** Bytes; a picture that needs more is not drawn. 4096x2304 pixels fill it, and no surface of a guest may be larger. */
export const PICTURE_SIZE = 0x240_0000;

/** Type of regions that a vendor has defined, whose id is in the lower half. */
export const VFIO_REGION_TYPE_PCI_VENDOR_TYPE = 0x8000_0000;
/** Subtype of Intel's region with the OpRegion. */
export const VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION = 1;
/** Type of regions for graphics. */
export const VFIO_REGION_TYPE_GFX = 1;
/** Subtype of the region of the monitor. */
export const VFIO_REGION_SUBTYPE_GFX_EDID = 1;
