// What the guest and the user of the device file see, as in Linux samples/vfio-mdev/mdpy-defs.h and mdpy.c.

/** Bytes of a pixel. */
export const BYTES_PER_PIXEL = 4;

/** Red Hat's PCI vendor id. */
export const MDPY_PCI_VENDOR_ID = 0x1b36;
export const MDPY_PCI_DEVICE_ID = 0x000f;
export const MDPY_PCI_SUBSYSTEM_VENDOR_ID = 0x1af4;
export const MDPY_PCI_SUBSYSTEM_ID = 0x1100;
/** Display controller, neither VGA nor XGA nor 3D. */
export const MDPY_PCI_CLASS_CODE = 0x03_80_00;

/** Where the vendor capability stands; mdpy-fb does not walk the list. */
export const MDPY_VENDOR_CAP_OFFSET = 0x40;
/** The frame buffer's DRM format, 32 bits. */
export const MDPY_FORMAT_OFFSET = 0x44;
/** Pixels, 32 bits. */
export const MDPY_WIDTH_OFFSET = 0x48;
/** Pixels, 32 bits. */
export const MDPY_HEIGHT_OFFSET = 0x4c;

/** Where configuration space starts in the device's file. */
export const MDPY_CONFIG_OFFSET = 0;
/** Where the frame buffer starts in the device's file. */
export const MDPY_MEMORY_OFFSET = 0x1000;
/** The frame buffer a second time, for whoever shows the screen. */
export const MDPY_DISPLAY_REGION = 16;
