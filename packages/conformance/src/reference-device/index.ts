export { adapterOf, PORTS, ReferenceAdapter, type InitStep } from './adapter.ts';
export { ReferenceDevice, type ReferenceOptions } from './device.ts';
export type { DmaEngine } from './dma.ts';
export { referenceMdevDriver, referenceMdevHooks } from './mdev.ts';
export type { MigrationUnit } from './migration.ts';
export * from './layout.ts';
export {
  createReference,
  referenceLogOps,
  referenceMigrationOps,
  referenceOps,
  referencePlane,
} from './ops.ts';
export { readRegion, writeRegion } from './registers.ts';
export { build, setUp, tearDown } from './set-up.ts';
export { resetState, restoreState, saveState, stateSize } from './state.ts';
export type { GuestState, ReferenceParts } from './state.ts';
export { BareDevice, bareHarness, bareOps } from './bare.ts';
export { referenceHarness, stopCopyHarness } from './harness.ts';
