// What the user of the device file sees: regions, their contents, interrupts. Linux include/uapi/linux/vfio.h and
// vfio_ccw.h; the bytes in the regions are big-endian, whatever the host is.

import { IRB_SIZE, ORB_SIZE, SCHIB_SIZE, SCSW_SIZE } from '../architecture/index.ts';

/** Regions 1 to 3 are of this type. */
export const VFIO_REGION_TYPE_CCW = 2;
/** Subtype of the region for halt and clear. */
export const VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD = 1;
/** Subtype of the region that shows the SCHIB. */
export const VFIO_REGION_SUBTYPE_CCW_SCHIB = 2;
/** Subtype of the region that gives channel reports. */
export const VFIO_REGION_SUBTYPE_CCW_CRW = 3;

/** The region that starts programs and has their status. */
export const VFIO_CCW_CONFIG_REGION_INDEX = 0;
/** Where {@link VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD} is. */
export const VFIO_CCW_ASYNC_CMD_REGION_INDEX = 1;
/** Where {@link VFIO_REGION_SUBTYPE_CCW_SCHIB} is. */
export const VFIO_CCW_SCHIB_REGION_INDEX = 2;
/** Where {@link VFIO_REGION_SUBTYPE_CCW_CRW} is. */
export const VFIO_CCW_CRW_REGION_INDEX = 3;

/** A region starts in the device's file at its index, shifted left by this. */
export const VFIO_CCW_OFFSET_SHIFT = 10;

/** A status is in the I/O region. */
export const VFIO_CCW_IO_IRQ_INDEX = 0;
/** A channel report is waiting. */
export const VFIO_CCW_CRW_IRQ_INDEX = 1;
/** Somebody wants the device back. */
export const VFIO_CCW_REQ_IRQ_INDEX = 2;
/** Interrupt indexes, each with one subindex. */
export const VFIO_CCW_NUM_IRQS = 3;

/** Command of the async region: HALT SUBCHANNEL. */
export const VFIO_CCW_ASYNC_CMD_HSCH = 1;
/** Command of the async region: CLEAR SUBCHANNEL. */
export const VFIO_CCW_ASYNC_CMD_CSCH = 2;

/** Where the I/O region has the ORB of the next start. */
export const IO_ORB_OFFSET = 0;
/** Where it has the SCSW that says what is wanted. */
export const IO_SCSW_OFFSET: number = IO_ORB_OFFSET + ORB_SIZE;
/** Where it has the IRB of the last interrupt. */
export const IO_IRB_OFFSET: number = IO_SCSW_OFFSET + SCSW_SIZE;
/** Where it has the negative errno of the last write. */
export const IO_RET_CODE_OFFSET: number = IO_IRB_OFFSET + IRB_SIZE;
/** Bytes of the I/O region. */
export const IO_REGION_SIZE: number = IO_RET_CODE_OFFSET + 4;

/** Where the async region has the command. */
export const ASYNC_COMMAND_OFFSET = 0;
/** Where it has the negative errno of the last write. */
export const ASYNC_RET_CODE_OFFSET = 4;
/** Bytes of the async region. */
export const ASYNC_REGION_SIZE = 8;

/** Bytes of the SCHIB region. */
export const SCHIB_REGION_SIZE: number = SCHIB_SIZE;
/** Bytes of the CRW region: a CRW and four of zero. */
export const CRW_REGION_SIZE = 8;
