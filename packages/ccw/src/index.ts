export * from './architecture/index.ts';
export * from './channel/index.ts';
export * from './driver/index.ts';
