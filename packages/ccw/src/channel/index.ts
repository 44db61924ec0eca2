export * from './channel-program.ts';
export type { CommandEnd, ControlUnit, DeviceCommand } from './control-unit.ts';
export { ChannelPaths } from './paths.ts';
export type { ChannelHost } from './program-run.ts';
export { SoftSubchannel, type SoftSubchannelOptions } from './soft-subchannel.ts';
export * from './subchannel.ts';
export * from './subsystem.ts';
export { TracingUnit, type TracedChain, type TracedCommand } from './trace.ts';
