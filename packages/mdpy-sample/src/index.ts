export * from './device.ts';
export * from './driver.ts';
export * from './layout.ts';
export type { MdpyMigration } from './migration.ts';
export type { MdpyState } from './migration-layout.ts';
export * from './types.ts';
