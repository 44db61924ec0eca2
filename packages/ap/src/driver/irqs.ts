// Interrupt indexes of an ap device (Linux include/uapi/linux/vfio.h).

/** Somebody wants the device back. */
export const VFIO_AP_REQ_IRQ_INDEX = 0;
/** What the guest can reach has changed. */
export const VFIO_AP_CFG_CHG_IRQ_INDEX = 1;
/** Number of the kernel's indexes. */
export const VFIO_AP_NUM_IRQS = 2;
