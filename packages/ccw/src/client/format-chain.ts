// Chains as people write them: one command a line, what it brought or read in hex, and how it ended.

import { DEVICE_STATUS } from '../architecture/device-status.ts';
import type { TracedChain, TracedCommand } from '../channel/trace.ts';
import { commandName, type DeviceKind } from './command-names.ts';
import { hexDigits } from './hex-digits.ts';

/** Bytes of data that are shown. */
const SHOWN_BYTES = 32;
const NAME_WIDTH = 30;

const STATUS_NAMES: readonly (readonly [number, string])[] = [
  [DEVICE_STATUS.ATTENTION, 'ATTN'],
  [DEVICE_STATUS.STATUS_MODIFIER, 'SM'],
  [DEVICE_STATUS.CONTROL_UNIT_END, 'CUE'],
  [DEVICE_STATUS.BUSY, 'BUSY'],
  [DEVICE_STATUS.CHANNEL_END, 'CE'],
  [DEVICE_STATUS.DEVICE_END, 'DE'],
  [DEVICE_STATUS.UNIT_CHECK, 'UC'],
  [DEVICE_STATUS.UNIT_EXCEPTION, 'UX'],
];

/** A device status in letters, for example `CE DE`. */
export function statusNames(status: number): string {
  return STATUS_NAMES.filter(([bit]) => (status & bit) !== 0)
    .map(([, name]) => name)
    .join(' ');
}

/** A chain, a line for each command and one for the end where that is worth one. */
export function formatChain(chain: TracedChain, kind?: DeviceKind): string[] {
  const { commands, omitted, isAborted, end } = chain;
  const lines = commands.flatMap((command) => formatCommand(command, kind));
  if (omitted > 0) lines.push(`   … ${omitted} more`);
  if (isAborted) lines.push('   ended by halt or clear');
  if (end !== undefined) {
    lines.push(`   at the end: ${statusNames(end.status)}`, ...formatSense(end.sense));
  }
  return lines;
}

function formatCommand(
  { code, count, output, input, status, sense }: TracedCommand,
  kind: DeviceKind | undefined,
): string[] {
  const name = (commandName(code, kind) ?? '?').padEnd(NAME_WIDTH);
  const how = status === undefined ? 'failed' : statusNames(status);
  const [arrow, bytes] = input.length > 0 ? ['<', input] : ['>', output];
  const data = bytes.length === 0 ? '' : ` ${arrow} ${hexWords(bytes)}`;
  const line = `${hexDigits(code, 2)} ${name}${String(count).padStart(6)}  ${how}${data}`;
  return [line, ...formatSense(sense)];
}

function formatSense(sense: Uint8Array | undefined): string[] {
  return sense === undefined || sense.length === 0 ? [] : [`   sense ${hexWords(sense)}`];
}

/** Bytes in words of four. */
function hexWords(bytes: Uint8Array): string {
  const words: string[] = [];
  const shown = bytes.subarray(0, SHOWN_BYTES);
  for (let at = 0; at < shown.length; at += 4) words.push(shown.subarray(at, at + 4).toHex());
  return `${words.join(' ')}${bytes.length > SHOWN_BYTES ? ' …' : ''}`;
}
