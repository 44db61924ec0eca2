// Channel programs for people who test: written as lists of commands, run on any ccw device, and read back.

export { CcwClient, type CcwClientOptions, type ChainResult } from './ccw-client.ts';
export {
  assembleChain,
  input,
  noOperation,
  output,
  transferTo,
  type AssembledChain,
  type Chain,
  type ChainCommand,
  type CommandOptions,
  type DataArea,
} from './chain.ts';
export { commandName, type DeviceKind } from './command-names.ts';
export { disassemble, type DisassembleOptions } from './disassemble.ts';
export { formatChain, statusNames } from './format-chain.ts';
