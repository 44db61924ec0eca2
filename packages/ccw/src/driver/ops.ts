// The callbacks of a vfio-ccw device: its regions and interrupts, and what the user does with them. Counterpart of
// vfio_ccw_ops.c, vfio_ccw_async.c and vfio_ccw_chp.c (drivers/s390/cio).

import {
  iommufdEmulatedOps,
  isIrqEnabled,
  setupIrq,
  setupRegion,
  triggerIrq,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  VfioError,
  type ErrnoCode,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import type { CcwDevice } from './device.ts';
import {
  ASYNC_REGION_SIZE,
  CRW_REGION_SIZE,
  IO_REGION_SIZE,
  SCHIB_REGION_SIZE,
  VFIO_CCW_ASYNC_CMD_REGION_INDEX,
  VFIO_CCW_CONFIG_REGION_INDEX,
  VFIO_CCW_CRW_IRQ_INDEX,
  VFIO_CCW_CRW_REGION_INDEX,
  VFIO_CCW_NUM_IRQS,
  VFIO_CCW_OFFSET_SHIFT,
  VFIO_CCW_REQ_IRQ_INDEX,
  VFIO_CCW_SCHIB_REGION_INDEX,
  VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD,
  VFIO_REGION_SUBTYPE_CCW_CRW,
  VFIO_REGION_SUBTYPE_CCW_SCHIB,
  VFIO_REGION_TYPE_CCW,
} from './layout.ts';

const READ = VFIO_REGION_INFO_FLAG_READ;
const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

/** In the order of their indexes. */
const REGIONS: readonly {
  readonly size: number;
  readonly flags: number;
  readonly subtype?: number;
}[] = [
  { size: IO_REGION_SIZE, flags: READ_WRITE },
  { size: ASYNC_REGION_SIZE, flags: READ_WRITE, subtype: VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD },
  { size: SCHIB_REGION_SIZE, flags: READ, subtype: VFIO_REGION_SUBTYPE_CCW_SCHIB },
  { size: CRW_REGION_SIZE, flags: READ, subtype: VFIO_REGION_SUBTYPE_CCW_CRW },
];

/** Every so many requests for the device one is logged. */
const REQUESTS_LOGGED = 10;

/** The callbacks of {@link CcwDevice}. */
export const ccwOps: VfioDeviceOps<CcwDevice> = {
  name: 'vfio-ccw',
  deviceApi: 'vfio-ccw',
  ...iommufdEmulatedOps,
  init(ccw) {
    setupTables(ccw.vdev);
    ccw.init();
  },
  release: (ccw) => ccw.release(),
  openDevice: (ccw) => ccw.open(),
  closeDevice: (ccw) => ccw.close(),
  reset: (ccw) => ccw.reset(),
  read: readRegion,
  write: writeRegion,
  dmaUnmap: (ccw, iova, length) => ccw.dmaUnmap(iova, length),
  request: relayRequest,
};

function setupTables(vdev: VfioDevice): void {
  REGIONS.forEach(({ size, flags, subtype }, index) => {
    setupRegion(vdev, index, {
      size,
      flags,
      offset: index << VFIO_CCW_OFFSET_SHIFT,
      ...(subtype === undefined ? {} : { type: { type: VFIO_REGION_TYPE_CCW, subtype } }),
    });
  });
  for (let index = 0; index < VFIO_CCW_NUM_IRQS; index++) setupIrq(vdev, index, { count: 1 });
}

function readRegion(ccw: CcwDevice, region: number, offset: number, into: Uint8Array): void {
  switch (region) {
    case VFIO_CCW_CONFIG_REGION_INDEX:
      into.set(ccw.io.bytes.subarray(offset, offset + into.length));
      // Must follow the copy: the next status may come in its place.
      ccw.hasRead(offset, into.length);
      return;
    case VFIO_CCW_ASYNC_CMD_REGION_INDEX:
      into.set(ccw.async.bytes.subarray(offset, offset + into.length));
      return;
    case VFIO_CCW_SCHIB_REGION_INDEX: {
      const schib = ccw.subchannel.store();
      if (schib === undefined) throw failed('ENODEV', 'read', ccw);
      into.set(schib.subarray(offset, offset + into.length));
      return;
    }
    case VFIO_CCW_CRW_REGION_INDEX:
      into.set(ccw.reports.take().subarray(offset, offset + into.length));
      if (!ccw.reports.isEmpty) triggerIrq(ccw.vdev, VFIO_CCW_CRW_IRQ_INDEX, 0);
      return;
    default:
      throw failed('EINVAL', 'read', ccw);
  }
}

function writeRegion(ccw: CcwDevice, region: number, offset: number, from: Uint8Array): void {
  switch (region) {
    case VFIO_CCW_CONFIG_REGION_INDEX:
      ccw.io.bytes.set(from, offset);
      check(ccw.requestIo(), ccw);
      return;
    case VFIO_CCW_ASYNC_CMD_REGION_INDEX:
      ccw.async.bytes.set(from, offset);
      check(ccw.requestAsync(), ccw);
      return;
    default:
      throw failed('EINVAL', 'write', ccw);
  }
}

function check(code: ErrnoCode | undefined, ccw: CcwDevice): void {
  if (code !== undefined) throw failed(code, 'write', ccw);
}

function failed(code: ErrnoCode, op: string, { subchannel, state }: CcwDevice): VfioError {
  return new VfioError(code, op, `subchannel ${subchannel.name}, ${state}`);
}

function relayRequest({ vdev }: CcwDevice, count: number): void {
  const { logger } = vdev.core;
  if (isIrqEnabled(vdev, VFIO_CCW_REQ_IRQ_INDEX, 0)) {
    if (count % REQUESTS_LOGGED === 0) {
      logger.log('info', vdev.name, () => `Relaying device request to user (#${count})`);
    }
    triggerIrq(vdev, VFIO_CCW_REQ_IRQ_INDEX, 0);
  } else if (count === 0) {
    const fact = 'No device request channel registered, blocked until released by user';
    logger.log('info', vdev.name, () => fact);
  }
}
