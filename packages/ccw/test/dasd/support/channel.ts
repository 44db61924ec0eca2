// A channel for tests: it executes a chain against a control unit, and keeps what comes of it.

import type { ControlUnit } from '../../../src/channel/control-unit.ts';
import { DEVICE_STATUS } from '../../../src/channel/control-unit.ts';

/** Bytes from hexadecimal digits; blanks are for the reader. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.replaceAll(/\s/gu, '').match(/../gu) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  );
}

/** Hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** One CCW of a test's chain. All are command-chained but the last. */
export interface TestCcw {
  readonly code: number;
  readonly count: number;
  /** What a write or control command brings. */
  readonly data: Uint8Array;
  /** A wrong length ends the chain. */
  readonly isExact: boolean;
  /** Where a transfer in channel goes to. */
  readonly target: number | undefined;
}

/** A command that brings data. */
export function put(code: number, data: Uint8Array | string, isExact = false): TestCcw {
  const bytes = typeof data === 'string' ? hex(data) : data;
  return { code, count: bytes.length, data: bytes, isExact, target: undefined };
}

/** A command that takes data. */
export function get(code: number, count: number, isExact = false): TestCcw {
  return { code, count, data: new Uint8Array(0), isExact, target: undefined };
}

/** A command without data. */
export function control(code: number): TestCcw {
  return get(code, 1);
}

/** A transfer in channel to the CCW of an index. */
export function tic(target: number): TestCcw {
  return { code: 0x08, count: 0, data: new Uint8Array(0), isExact: false, target };
}

/** How a chain ended. */
export interface ChainResult {
  /** Device status of the last command. */
  readonly status: number;
  /** Bytes that the last command did not take or fill. */
  readonly residual: number;
  readonly isLengthWrong: boolean;
  readonly sense: Uint8Array | undefined;
  /** Index of the last CCW. */
  readonly last: number;
  /** What the reads gave, cut to their counts, in the order of execution. */
  readonly data: readonly Uint8Array[];
  /** The same by index of the CCW; the last where it was executed more than once. */
  readonly buffers: ReadonlyMap<number, Uint8Array>;
}

/** Sense bytes 0, 1 and 7 of a result; empty where there is no sense. */
export function senseOf({ sense }: ChainResult): string {
  return sense === undefined
    ? ''
    : toHex(Uint8Array.of(sense[0] ?? 0, sense[1] ?? 0, sense[7] ?? 0));
}

function isInput(code: number): boolean {
  return (code & 0x03) === 0x02 || (code & 0x0f) === 0x04 || (code & 0x0f) === 0x0c;
}

const { CHANNEL_END, DEVICE_END, STATUS_MODIFIER, UNIT_CHECK, UNIT_EXCEPTION } = DEVICE_STATUS;

/** Commands after which a chain that never ends is given up. */
const ENDLESS = 10_000;

/** Executes a chain. */
export async function runChain(unit: ControlUnit, chain: readonly TestCcw[]): Promise<ChainResult> {
  const data: Uint8Array[] = [];
  const buffers = new Map<number, Uint8Array>();
  let result: ChainResult | undefined;
  let previous: number | undefined;
  unit.begin();
  for (let at = 0, steps = 0; result === undefined; steps += 1) {
    const ccw = chain[at];
    if (ccw === undefined || steps > ENDLESS) throw new Error(`no command at ${at}`);
    if (ccw.target !== undefined) {
      at = ccw.target;
      continue;
    }
    const isChained = at + 1 < chain.length;
    const { code, count } = ccw;
    const settled = unit.execute({ code, count, data: ccw.data, previous, isChained });
    const end = settled instanceof Promise ? await settled : settled;
    const given = end.data?.length ?? 0;
    const moved = isInput(code) ? Math.min(given, count) : (end.taken ?? count);
    if (isInput(code) && end.data !== undefined) {
      const bytes = end.data.slice(0, count);
      data.push(bytes);
      buffers.set(at, bytes);
    }
    const isLengthWrong = ccw.isExact && (moved !== count || given > count);
    const isOver =
      (end.status & (UNIT_CHECK | UNIT_EXCEPTION)) !== 0 || isLengthWrong || !isChained;
    previous = code;
    if (isOver) {
      const { status, sense } = end;
      result = { status, residual: count - moved, isLengthWrong, sense, last: at, data, buffers };
    }
    at += (end.status & STATUS_MODIFIER) === 0 ? 1 : 2;
  }
  const over = await unit.end(false);
  return over === undefined ? result : { ...result, status: over.status, sense: over.sense };
}

/** Channel end and device end. */
export const NORMAL: number = CHANNEL_END | DEVICE_END;
/** The same with unit check. */
export const CHECK: number = NORMAL | UNIT_CHECK;
/** The same with unit exception. */
export const EXCEPTION: number = NORMAL | UNIT_EXCEPTION;
