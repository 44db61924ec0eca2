// CCWs in memory as text.

import { VfioError } from '@vfio-ts/core';
import {
  CCW_CMD_TIC,
  CCW_FLAG_CC,
  CCW_FLAG_CD,
  CCW_FLAG_IDA,
  CCW_FLAG_MIDA,
  CCW_FLAG_PCI,
  CCW_FLAG_SKIP,
  CCW_FLAG_SLI,
  CCW_FLAG_SUSPEND,
  CCW_SIZE,
  decodeCcw0,
  decodeCcw1,
  isChained,
  isTic,
  toFormat1,
} from '../architecture/ccw.ts';
import { commandName, type DeviceKind } from './command-names.ts';
import { hexDigits } from './hex-digits.ts';

/** What the bytes are. */
export interface DisassembleOptions {
  /** Guest address of the first byte; 0 when left out. */
  readonly at?: number;
  /** 0 or 1, which it is when left out. */
  readonly format?: 0 | 1;
  readonly kind?: DeviceKind;
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [CCW_FLAG_CD, 'CD'],
  [CCW_FLAG_CC, 'CC'],
  [CCW_FLAG_SLI, 'SLI'],
  [CCW_FLAG_SKIP, 'SKIP'],
  [CCW_FLAG_PCI, 'PCI'],
  [CCW_FLAG_IDA, 'IDA'],
  [CCW_FLAG_SUSPEND, 'S'],
  [CCW_FLAG_MIDA, 'MIDA'],
];

/**
 * The CCWs from the first byte on, to the one that chains no further; a TIC does not end them.
 *
 * @returns a line each: address, command, name, count, data address and flags
 * @throws `EINVAL` format is neither 0 nor 1
 */
export function disassemble(bytes: Uint8Array, options: DisassembleOptions = {}): string[] {
  const { at = 0, format = 1, kind } = options;
  if (format !== 0 && format !== 1) {
    throw new VfioError('EINVAL', 'disassemble', `format ${String(format)}`);
  }
  const lines: string[] = [];
  for (let offset = 0; offset + CCW_SIZE <= bytes.length; offset += CCW_SIZE) {
    const raw = bytes.subarray(offset, offset + CCW_SIZE);
    const ccw = format === 0 ? toFormat1(decodeCcw0(raw)) : decodeCcw1(raw);
    const { command, flags, count, address } = ccw;
    const name = commandName(command, kind) ?? '?';
    const where = hexDigits(at + offset, 8);
    const what = isTic(ccw)
      ? `-> ${hexDigits(address, 8)}`
      : `${String(count).padStart(5)} ${hexDigits(address, 8)} ${flagNames(flags)}`;
    lines.push(`${where}  ${hexDigits(command, 2)} ${name.padEnd(30)}${what}`.trimEnd());
    if (command !== CCW_CMD_TIC && !isChained(ccw)) break;
  }
  return lines;
}

function flagNames(flags: number): string {
  return FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0)
    .map(([, name]) => name)
    .join(' ');
}
