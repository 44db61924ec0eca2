export * from './hardware/card.ts';
export * from './hardware/status.ts';
export type { ApConfigInfo } from './bus/config-info.ts';
export type { ApDriver } from './bus/ap-driver.ts';
export type { ApQueueDevice } from './bus/queue-device.ts';
export { ApMask } from './bus/mask.ts';
export { ApBus, type ApBusOptions } from './bus/bus.ts';
export { apConfigInfo } from './bus/config-info.ts';
export type { ApAttribute, ApAttributes } from './bus/attribute.ts';
export type { ApCardDevice } from './bus/card-device.ts';
export type { ApMachine, ApMachineChange } from './bus/machine.ts';
export { formatMask, parseHexMask, parseMask } from './bus/mask-syntax.ts';
export { adapterName, adapterOf, apqnName, apqnOf, domainName, domainOf } from './bus/names.ts';
export { ApSysfs } from './bus/sysfs.ts';
export type { ApUevent } from './bus/uevent.ts';
export {
  registerVfioAp,
  unregisterVfioAp,
  VFIO_AP_TYPE,
  vfioApDriver,
  type ApParent,
} from './driver/driver.ts';
export type { ApInstance } from './driver/attributes.ts';
export { vfioApOps } from './driver/device-ops.ts';
export * from './driver/irqs.ts';
export type { ApMatrix, MatrixLimits, MatrixPart } from './driver/matrix.ts';
export { ApMatrixDev, VFIO_AP_FEATURES, type ApMatrixOptions } from './driver/matrix-dev.ts';
export { ApMatrixMdev } from './driver/mdev.ts';
export { VfioApQueue, type QueueInterrupt } from './driver/queue.ts';
export { queueStatus, VFIO_AP_HWTYPES, VFIO_AP_QUEUE_DRIVER } from './driver/queue-driver.ts';
export { AP_RESET_INTERVAL_MS, AP_RESET_LIMIT_MS } from './driver/reset.ts';
export {
  SoftCard,
  type SoftCardOptions,
  type SoftCardResets,
  type SoftCardState,
} from './soft/card.ts';
export type { SoftQueue } from './soft/queue.ts';
export { WorkerPool, type WorkerPoolOptions } from './soft/pool.ts';
export type { CancelJob, CrtJob, Job, JobRunner, ModExpoJob } from './soft/job.ts';
export type { CrtKey } from './soft/crt.ts';
export type { FillRandom } from './soft/cca-random.ts';
export { AP_FUNCTION } from './soft/functions.ts';
export { handleAqic } from './driver/aqic.ts';
export type { InterruptRequest } from './driver/interrupt.ts';
export type { ApPortHost, ApPortMasks } from './port/host.ts';
export type { Awaitable } from './port/instruction.ts';
export { ApPort } from './port/port.ts';
