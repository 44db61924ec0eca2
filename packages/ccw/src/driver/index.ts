export type { ChannelReports } from './channel-reports.ts';
export * from './device.ts';
export * from './driver.ts';
export type { CcwState } from './fsm.ts';
export type { GuestPages } from './guest-pages.ts';
export type { AsyncRegion, IoRegion } from './io-region.ts';
export * from './layout.ts';
export * from './ops.ts';
