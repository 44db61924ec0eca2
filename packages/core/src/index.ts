export * from './errno.ts';
export * from './uapi.ts';
export * from './host.ts';
export * from './access.ts';
export * from './gfx.ts';
export * from './ops.ts';
export * from './dma/backing.ts';
export { VfioCore, type CoreOptions, type FaultPoint, type ParentDevice } from './core.ts';
export type { Leak, LeakKind } from './leaks.ts';
