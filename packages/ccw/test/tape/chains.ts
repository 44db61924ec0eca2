// Chains for a tape drive without a channel, and what is on tapes.

import { DEVICE_STATUS } from '../../src/channel/control-unit.ts';
import type { CommandEnd } from '../../src/channel/control-unit.ts';
import type { TapeControlUnit } from '../../src/tape/tape-control-unit.ts';

export const NORMAL: number = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;
export const EXCEPTION: number = NORMAL | DEVICE_STATUS.UNIT_EXCEPTION;
export const CHECK: number = NORMAL | DEVICE_STATUS.UNIT_CHECK;

/** A command: its code, and what it brings. */
export type TapeStep = readonly [code: number, data?: Uint8Array];

/** How a chain ended: the last status, with that of its end, and what each command gave. */
export interface ChainEnd {
  readonly status: number;
  readonly data: readonly Uint8Array[];
  readonly sense: Uint8Array | undefined;
}

/** A block whose bytes tell its number and its length. */
export function block(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8) + seed * 13) & 0xff);
}

/** Runs commands until one ends with more than channel end and device end, then the end of the chain. */
export async function runTape(
  unit: TapeControlUnit,
  steps: readonly TapeStep[],
): Promise<ChainEnd> {
  unit.begin();
  const data: Uint8Array[] = [];
  let last: CommandEnd = { status: NORMAL };
  let previous: number | undefined;
  for (const [index, [code, brings = new Uint8Array(0)]] of steps.entries()) {
    const isChained = index + 1 < steps.length;
    const command = { code, count: Math.max(brings.length, 1), data: brings, previous, isChained };
    last = await unit.execute(command);
    data.push(last.data ?? new Uint8Array(0));
    previous = code;
    if (last.status !== NORMAL) break;
  }
  const late = await unit.end();
  const status = last.status | (late?.status ?? 0);
  return { status, data, sense: late?.sense ?? last.sense };
}

/** Sense bytes 0, 1 and 3 of a chain that ended with unit check, in hex. */
export function checkOf({ status, sense }: ChainEnd): string {
  if (status !== CHECK || sense === undefined) return `status ${status.toString(16)}`;
  return [sense[0], sense[1], sense[3]]
    .map((byte = 0) => byte.toString(16).padStart(2, '0'))
    .join(' ');
}

function header(length: number, previous: number, flags: number): Uint8Array {
  return Uint8Array.of(length & 0xff, length >> 8, previous & 0xff, previous >> 8, flags, 0);
}

/** What is on a tape: blocks, and `'mark'`. */
export type TapeItem = Uint8Array | 'mark';

/** The file of a tape, with blocks of one piece. */
export function tapeImage(items: readonly TapeItem[]): Buffer {
  let previous = 0;
  const parts = items.flatMap((item) => {
    const length = item === 'mark' ? 0 : item.length;
    const before = previous;
    previous = length;
    if (item === 'mark') return [header(0, before, 0x40)];
    return [header(length, before, 0xa0), item];
  });
  return Buffer.concat(parts);
}

/** The file of a tape with one block in pieces. */
export function splitImage(data: Uint8Array, pieceLength: number, before = 0): Buffer {
  const parts: Uint8Array[] = [];
  let previous = before;
  for (let at = 0; at < data.length; at += pieceLength) {
    const piece = data.subarray(at, at + pieceLength);
    const flags = (at === 0 ? 0x80 : 0) | (at + piece.length === data.length ? 0x20 : 0);
    parts.push(header(piece.length, previous, flags), piece);
    previous = piece.length;
  }
  return Buffer.concat(parts);
}

export const WRITE = 0x01;
export const READ = 0x02;
export const SENSE = 0x04;
export const REWIND = 0x07;
export const UNLOAD = 0x0f;
export const MARK = 0x1f;
export const BLOCK_ID = 0x22;
export const BACK = 0x27;
export const BACK_FILE = 0x2f;
export const FORWARD = 0x37;
export const FORWARD_FILE = 0x3f;
export const SYNC = 0x43;
export const LOCATE = 0x4f;
export const MODE_SET = 0xdb;

/** What Locate Block brings. */
export function blockId(number: number): Uint8Array {
  return Uint8Array.of(1, number >> 16, number >> 8, number);
}
