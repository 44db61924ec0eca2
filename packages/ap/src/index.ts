export * from './hardware/card.ts';
export * from './hardware/status.ts';
export type { ApConfigInfo } from './bus/config-info.ts';
export type { ApDriver } from './bus/ap-driver.ts';
export type { ApQueueDevice } from './bus/queue-device.ts';
export { ApMask } from './bus/mask.ts';
