// How a chain ended, as text that can be compared.

import type { ChainResult } from '../support/channel.ts';
import { toHex } from '../support/channel.ts';
import type { MachineResult } from './guest.ts';
import { isUntouched } from './guest.ts';

/** What is compared of a chain. */
export interface Outcome {
  readonly status: string;
  readonly residual: number;
  /** Index of the last CCW. */
  readonly last: number;
  /** Sense bytes 0, 1 and 7. */
  readonly sense: string;
  readonly data: readonly string[];
}

function senseBytes(sense: Uint8Array | undefined): string {
  const [first = 0, second = 0, , , , , , seventh = 0] = sense ?? [];
  return sense === undefined ? '' : toHex(Uint8Array.of(first, second, seventh));
}

/** What a buffer has that was read into, without what was never touched behind it. */
function touched(buffer: Uint8Array): string {
  let length = buffer.length;
  while (length > 0 && isUntouched(buffer[length - 1] ?? 0)) length -= 1;
  const digits = toHex(buffer.subarray(0, length));
  return digits.length > 400 ? `${digits.slice(0, 200)}…${digits.slice(-200)} (${length})` : digits;
}

/** The outcome of a chain, with what the CCWs of the given indices have read. */
export function outcomeOf(result: ChainResult | MachineResult, reads: readonly number[]): Outcome {
  return {
    status: result.status.toString(16),
    residual: result.residual,
    last: result.last,
    sense: senseBytes(result.sense),
    data: reads.map((at) => touched(result.buffers.get(at) ?? new Uint8Array(0))),
  };
}
