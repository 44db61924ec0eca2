// What a process writes that is killed: chains, and how many blocks and marks are durable behind each.

import { block, MARK, REWIND, WRITE, type TapeItem, type TapeStep } from './chains.ts';

/** A chain of a process that is killed. */
export interface KilledChain {
  readonly steps: readonly TapeStep[];
  /** Blocks and marks that are durable behind it, where it makes them so. */
  readonly durable?: number;
}

/** All that is on the tape in the end. */
export const KILLED_ITEMS: readonly TapeItem[] = [
  block(80, 1),
  block(30_000, 2),
  'mark',
  block(500, 3),
  block(100_000, 4),
  block(7, 5),
  'mark',
  'mark',
];

function steps(from: number, to: number): readonly TapeStep[] {
  return KILLED_ITEMS.slice(from, to).map((item) => (item === 'mark' ? [MARK] : [WRITE, item]));
}

/** In the order they are run. */
export const KILLED_CHAINS: readonly KilledChain[] = [
  { steps: steps(0, 1) },
  { steps: steps(1, 3), durable: 3 },
  { steps: steps(3, 6) },
  { steps: steps(6, 8), durable: 8 },
  { steps: [[REWIND]], durable: 8 },
];
