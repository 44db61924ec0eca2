export * from './architecture/index.ts';
export * from './channel/channel-program.ts';
export * from './channel/control-unit.ts';
export * from './channel/subchannel.ts';
export * from './driver/index.ts';
