// What commands are, and what they are given to work with.

import type { PagedMemory } from '../memory/paged-memory.ts';
import type { EngineLayout } from '../registers/engines.ts';
import type { RegisterStorage } from '../registers/register.ts';
import type { Blitter } from './blt/blitter.ts';
import type { CommandStream } from './stream.ts';

/** What comes after a command. */
export const Outcome = {
  /** The command behind it. */
  next: 0,
  /** The stream is where it goes on already. */
  jumped: 1,
  /** The same command again, once others have had their turn. */
  wait: 2,
  /** The same command again: it has done a part of its work. */
  again: 3,
  /** Nothing, until a reset. */
  hang: 4,
} as const;
/** What comes after a command. */
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** The registers as commands see them. */
export interface CommandRegisters extends RegisterStorage {
  /** Reads as the guest does. @param offset - multiple of 4 */
  read(offset: number): number;
  /** Writes as the guest does. */
  write(offset: number, value: number): void;
  /** Whether a command may write it. */
  isByCommand(offset: number): boolean;
  nameOf(offset: number): string;
}

/** Figures that commands add to. */
export interface CommandCounters {
  commands: number;
  refused: number;
  draws: number;
}

/** What a command is executed on. */
export interface CommandContext {
  readonly engine: EngineLayout;
  readonly stream: CommandStream;
  readonly ggtt: PagedMemory;
  /** Memory of the context's process. */
  readonly ppgtt: PagedMemory;
  readonly registers: CommandRegisters;
  readonly counters: CommandCounters;
  readonly blitter: Blitter;
  /** Graphics address of the status page of the context. */
  readonly contextPage: number;
  /** Time of the command streamers, 36 bits. */
  time(): number;
  /** Raises an interrupt of the engine. @param bit - of its lane */
  interrupt(bit: number): void;
  /** The same, once until a command has been finished: the current one waits. */
  waits(bit: number): void;
  /**
   * The memory of an operand.
   *
   * @param isGlobal - through the global table, which only privileged streams may
   * @returns `undefined` where it may not, and that is counted
   */
  memory(isGlobal: boolean): PagedMemory | undefined;
  /** Counts something that a stream may not do. @param what - says what, once for each */
  refuse(what: number): void;
  /** Bytes of work that were done besides commands; ends the slice when there are many. */
  worked(bytes: number): void;
}

/** A command: how long it is and what it does. */
export interface Command {
  readonly name: string;
  /** Dwords, header included. */
  length(header: number): number;
  execute(cs: CommandContext, header: number): Outcome;
}

/** Length in bits 7:0, less two. */
export function length8(header: number): number {
  return (header & 0xff) + 2;
}

/** Length in bits 9:0, less two. */
export function length10(header: number): number {
  return (header & 0x3ff) + 2;
}

/** Length in bits 5:0, less two. */
export function length6(header: number): number {
  return (header & 0x3f) + 2;
}

/** One dword. */
export function single(): number {
  return 1;
}

/** A graphics address in two dwords, the low one first; its low two bits are something else. */
export function addressAt(stream: CommandStream, index: number): number {
  const low = stream.word(index) & ~3;
  return (stream.word(index + 1) & 0xffff) * 0x1_0000_0000 + (low >>> 0);
}

/** An MI command uses the global table. */
export function isGlobal(header: number): boolean {
  return (header & (1 << 22)) !== 0;
}
