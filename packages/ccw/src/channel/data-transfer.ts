// The data of one command: pieces of guest memory over all CCWs of a data chain.

import { CCW_FLAG_CD, CCW_FLAG_SKIP, CCW_FLAG_SLI, CCW_CMD_TIC } from '../architecture/ccw.ts';
import type { ChannelCcw, ChannelMemory } from './channel-program.ts';
import { wait, type Step } from './steps.ts';

/** Bytes of the longest block that any device takes in one command, and more. */
const MAX_OUTPUT = 0x4_0000;

/** The CCWs of one command, at least one; `undefined` where the chain leaves the program. */
export type DataChain = readonly [ChannelCcw, ...ChannelCcw[]];

/** Where the CCWs of a data chain end. */
export interface TransferEnd {
  /** The CCW that was the current one. */
  readonly ccw: ChannelCcw;
  /** Bytes it has left. */
  readonly residual: number;
  /** The length was wrong, and the CCW does not say that this is all right. */
  readonly isIncorrect: boolean;
}

/**
 * Collects the CCWs of a data chain, following a TIC between them.
 *
 * @param limit - CCWs at most, so that a chain that leads back into itself ends
 * @returns `undefined` where the chain leads nowhere, or over one TIC to the next
 */
export function dataChain(first: ChannelCcw, limit: number): DataChain | undefined {
  const chain: [ChannelCcw, ...ChannelCcw[]] = [first];
  let last = first;
  while ((last.flags & CCW_FLAG_CD) !== 0) {
    const next = last.next?.command === CCW_CMD_TIC ? last.next.target : last.next;
    if (next === undefined || next.command === CCW_CMD_TIC || chain.length >= limit) {
      return undefined;
    }
    chain.push(next);
    last = next;
  }
  return chain;
}

/** Bytes that all CCWs of a chain have room for, or bring. */
export function chainCount(chain: DataChain): number {
  let sum = 0;
  for (const { count } of chain) sum += count;
  return sum;
}

/** Fetches what a chain brings to a write or control command; no device takes more than this gives. */
export function* fetchData(chain: DataChain, memory: ChannelMemory): Step<Uint8Array> {
  const bytes = new Uint8Array(Math.min(chainCount(chain), MAX_OUTPUT));
  let at = 0;
  for (const { data } of chain) {
    for (const { iova, length } of data) {
      const part = bytes.subarray(at, at + length);
      if (part.length > 0) yield* wait(memory.read(iova, part));
      at += part.length;
    }
  }
  return bytes;
}

/** Stores what a command has read; what a CCW skips, or has no room for, goes nowhere. */
export function* storeData(
  chain: DataChain,
  bytes: Uint8Array,
  memory: ChannelMemory,
): Step<TransferEnd> {
  let at = 0;
  for (const ccw of chain) {
    const taken = bytes.subarray(at, at + ccw.count);
    if ((ccw.flags & CCW_FLAG_SKIP) === 0) yield* scatter(ccw, taken, memory);
    at += taken.length;
    const isLast = (ccw.flags & CCW_FLAG_CD) === 0;
    if (taken.length < ccw.count || isLast) {
      return ending(ccw, ccw.count - taken.length, at < bytes.length);
    }
  }
  throw new Error('a data chain has no end');
}

function* scatter({ data }: ChannelCcw, bytes: Uint8Array, memory: ChannelMemory): Step<void> {
  let at = 0;
  for (const { iova, length } of data) {
    const part = bytes.subarray(at, at + length);
    if (part.length === 0) return;
    yield* wait(memory.write(iova, part));
    at += part.length;
  }
}

/** Where a chain ends of which the device took so many bytes. */
export function outputEnd(chain: DataChain, taken: number): TransferEnd {
  let left = taken;
  for (const ccw of chain) {
    const isLast = (ccw.flags & CCW_FLAG_CD) === 0;
    if (left < ccw.count || isLast) return ending(ccw, Math.max(0, ccw.count - left), false);
    left -= ccw.count;
  }
  throw new Error('a data chain has no end');
}

/** SLI excuses the last CCW of a chain, not one that still chains data. */
function ending(ccw: ChannelCcw, residual: number, hasMore: boolean): TransferEnd {
  const isWrong = residual !== 0 || hasMore;
  const isExcused = (ccw.flags & CCW_FLAG_SLI) !== 0 && (ccw.flags & CCW_FLAG_CD) === 0;
  return { ccw, residual, isIncorrect: isWrong && !isExcused };
}
