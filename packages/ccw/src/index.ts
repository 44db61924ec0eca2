export * from './architecture/index.ts';
export * from './channel/index.ts';
export { DasdControlUnit, type DasdOptions } from './dasd/dasd-control-unit.ts';
export type { TrackStore, VolumeGeometry } from './dasd/track-store.ts';
export * from './driver/index.ts';
export * from './tape/index.ts';
export * from './image/index.ts';
export * from './terminal/index.ts';
