export type { MountOptions, TapeHost } from './open-tape.ts';
export { TapeControlUnit, type MountedTape, type TapeOptions } from './tape-control-unit.ts';
export type { TapeFile, TapeFiles } from './tape-file.ts';
