// A channel program as somebody writes it, and as the machine reads it.

import { VfioError } from '@vfio-ts/core';
import {
  CCW1_ADDRESS_LIMIT,
  CCW_CMD_NOOP,
  CCW_CMD_TIC,
  CCW_FLAG_CC,
  CCW_FLAG_SLI,
  CCW_SIZE,
  encodeCcw1,
} from '../architecture/ccw.ts';

/** One command of a chain. */
export interface ChainCommand {
  /** The command byte. */
  readonly command: number;
  /** What it brings; for a write or control command. */
  readonly data?: Uint8Array;
  /** Room for what it reads, bytes; for a read or sense command. */
  readonly length?: number;
  /** Its length may be another than the device's. */
  readonly sli?: boolean;
  /** `CCW_FLAG_*` besides SLI; command chaining is added by itself. */
  readonly flags?: number;
  /** A name by which a TIC finds it. */
  readonly label?: string;
  /** For a TIC: where to. */
  readonly to?: string;
}

/** A chain, first command first. */
export type Chain = readonly ChainCommand[];

/** How a command is written, beyond what it moves. */
export type CommandOptions = Omit<ChainCommand, 'command' | 'data' | 'length' | 'to'>;

/** A write or control command with what it brings. */
export function output(
  command: number,
  data: Uint8Array,
  options: CommandOptions = {},
): ChainCommand {
  return { command, data, ...options };
}

/** A read or sense command with room for so many bytes. */
export function input(command: number, length: number, options: CommandOptions = {}): ChainCommand {
  return { command, length, ...options };
}

/** No Operation, which may say what it wants of its count. */
export function noOperation(options: CommandOptions = {}): ChainCommand {
  return { command: CCW_CMD_NOOP, sli: true, ...options };
}

/** A transfer to the command with that label. */
export function transferTo(label: string): ChainCommand {
  return { command: CCW_CMD_TIC, to: label };
}

/** Where the data of one command is. */
export interface DataArea {
  /** Bytes from the start of the program. */
  readonly offset: number;
  readonly length: number;
  readonly isInput: boolean;
}

/** A chain in memory: CCWs of format 1, then their data, each of it at a multiple of 8. */
export interface AssembledChain {
  readonly bytes: Uint8Array;
  /** One for each command. */
  readonly areas: readonly DataArea[];
}

const MAX_COUNT = 0xffff;

/**
 * Lays a chain out in memory.
 *
 * @param at - guest address of its first byte, a multiple of 8
 * @throws `EINVAL` an empty chain, an address or a length the machine cannot take, or a label that is not there
 */
export function assembleChain(chain: Chain, at: number): AssembledChain {
  const areas = layOut(chain);
  const end = areas.at(-1);
  const size = end === undefined ? 0 : end.offset + end.length;
  if (end === undefined) throw refused('no commands');
  if (at % CCW_SIZE !== 0 || at < 0 || at + size > CCW1_ADDRESS_LIMIT) {
    throw refused(`address 0x${at.toString(16)} for ${size} bytes`);
  }
  const bytes = new Uint8Array(size);
  for (const [i, command] of chain.entries()) {
    const area = areas[i];
    if (area === undefined) break;
    bytes.set(encodeCcw1(ccwOf(chain, { command, area, at, isLast: isLast(chain, i) })), i * 8);
    if (command.data !== undefined) bytes.set(command.data, area.offset);
  }
  return { bytes, areas };
}

interface Placed {
  readonly command: ChainCommand;
  readonly area: DataArea;
  readonly at: number;
  readonly isLast: boolean;
}

function ccwOf(
  chain: Chain,
  { command, area, at, isLast: ends }: Placed,
): Parameters<typeof encodeCcw1>[0] {
  if (command.command === CCW_CMD_TIC) {
    const index = chain.findIndex(({ label }) => label !== undefined && label === command.to);
    if (index < 0) throw refused(`no command is labelled ${command.to}`);
    return { command: CCW_CMD_TIC, flags: 0, count: 0, address: at + index * CCW_SIZE };
  }
  const flags =
    (command.flags ?? 0) | (ends ? 0 : CCW_FLAG_CC) | (command.sli === true ? CCW_FLAG_SLI : 0);
  // A command without data has a count all the same: format 0 takes no other.
  const count = area.length === 0 ? 1 : area.length;
  return { command: command.command, flags, count, address: at + area.offset };
}

/** The last command chains no further, and neither does the one before a TIC that ends the chain. */
function isLast(chain: Chain, i: number): boolean {
  return i === chain.length - 1;
}

function layOut(chain: Chain): DataArea[] {
  let offset = chain.length * CCW_SIZE;
  return chain.map(({ data, length }) => {
    const size = data?.length ?? length ?? 0;
    if (!Number.isInteger(size) || size < 0 || size > MAX_COUNT) throw refused(`${size} bytes`);
    const area = { offset, length: size, isInput: data === undefined };
    offset += Math.ceil(size / CCW_SIZE) * CCW_SIZE;
    return area;
  });
}

function refused(fact: string): VfioError {
  return new VfioError('EINVAL', 'assembleChain', fact);
}
