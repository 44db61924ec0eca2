// Channel-command words of both formats, and what a command byte says by itself. Principles of Operation, chapter 15,
// "Channel-Command Word".

import { structureView, viewOf } from './bytes.ts';

/** Bytes of a CCW; each starts at a multiple of it. */
export const CCW_SIZE = 8;

/** Chain data: the next CCW has more room or data for the same command. */
export const CCW_FLAG_CD = 0x80;
/** Chain command: the next CCW has another command. */
export const CCW_FLAG_CC = 0x40;
/** Suppress length indication. */
export const CCW_FLAG_SLI = 0x20;
/** Nothing of what is read goes to storage. */
export const CCW_FLAG_SKIP = 0x10;
/** Program-controlled interruption. */
export const CCW_FLAG_PCI = 0x08;
/** The address is that of a list of IDAWs. */
export const CCW_FLAG_IDA = 0x04;
/** Suspend before this CCW. */
export const CCW_FLAG_SUSPEND = 0x02;
/** The address is that of a list of MIDAWs. */
export const CCW_FLAG_MIDA = 0x01;

/** Transfer in channel: the program goes on at the address. */
export const CCW_CMD_TIC = 0x08;
/** No operation: no data moves. */
export const CCW_CMD_NOOP = 0x03;
/** Basic sense. */
export const CCW_CMD_BASIC_SENSE = 0x04;
/** Sense ID. */
export const CCW_CMD_SENSE_ID = 0xe4;

/** First address that a format-0 CCW cannot name. */
export const CCW0_ADDRESS_LIMIT: number = 2 ** 24;
/** First address that a format-1 CCW, or a CPA, cannot name. */
export const CCW1_ADDRESS_LIMIT: number = 2 ** 31;

/** A channel-command word. */
export interface Ccw {
  readonly command: number;
  /** `CCW_FLAG_*`. */
  readonly flags: number;
  /** Bytes, 0 to 65535. */
  readonly count: number;
  /** 24 bits in format 0; in format 1 bit 0 is kept as it is. */
  readonly address: number;
}

/** What a command does with data. */
export type CommandClass =
  | 'write'
  | 'read'
  | 'control'
  | 'sense'
  | 'read backward'
  | 'tic'
  | 'invalid';

/** The class that the low bits of a command byte tell; the whole low nibble 8 is a TIC. */
export function commandClass(command: number): CommandClass {
  switch (command & 0x0f) {
    case 0x00:
      return 'invalid';
    case 0x04:
      return 'sense';
    case 0x08:
      return 'tic';
    case 0x0c:
      return 'read backward';
    default:
      break;
  }
  switch (command & 0x03) {
    case 0x01:
      return 'write';
    case 0x02:
      return 'read';
    default:
      return 'control';
  }
}

/** Tells whether data goes from the device to storage. */
export function isInput(command: number): boolean {
  const kind = commandClass(command);
  return kind === 'read' || kind === 'read backward' || kind === 'sense';
}

/** Tells whether a format-1 CCW, or one made so by {@link toFormat1}, is a transfer in channel. */
export function isTic({ command }: Ccw): boolean {
  return command === CCW_CMD_TIC;
}

/** Tells whether another CCW is to follow. */
export function isChained({ flags }: Ccw): boolean {
  return (flags & (CCW_FLAG_CD | CCW_FLAG_CC)) !== 0;
}

/** @throws `EINVAL` fewer than {@link CCW_SIZE} bytes */
export function decodeCcw0(bytes: Uint8Array): Ccw {
  const view = structureView('Ccw0', bytes, CCW_SIZE);
  const word0 = view.getUint32(0);
  return {
    command: word0 >>> 24,
    flags: view.getUint8(4),
    count: view.getUint16(6),
    address: word0 & 0x00ff_ffff,
  };
}

/** Opposite of {@link decodeCcw0}. */
export function encodeCcw0({ command, flags, count, address }: Ccw): Uint8Array {
  const bytes = new Uint8Array(CCW_SIZE);
  const view = viewOf(bytes);
  view.setUint32(0, (command << 24) | (address & 0x00ff_ffff));
  view.setUint8(4, flags);
  view.setUint16(6, count);
  return bytes;
}

/** @throws `EINVAL` fewer than {@link CCW_SIZE} bytes */
export function decodeCcw1(bytes: Uint8Array): Ccw {
  const view = structureView('Ccw1', bytes, CCW_SIZE);
  return {
    command: view.getUint8(0),
    flags: view.getUint8(1),
    count: view.getUint16(2),
    address: view.getUint32(4),
  };
}

/** Opposite of {@link decodeCcw1}. */
export function encodeCcw1({ command, flags, count, address }: Ccw): Uint8Array {
  const bytes = new Uint8Array(CCW_SIZE);
  const view = viewOf(bytes);
  view.setUint8(0, command);
  view.setUint8(1, flags);
  view.setUint16(2, count);
  view.setUint32(4, address);
  return bytes;
}

/** A format-0 CCW as format 1 has it: a TIC is known by its low nibble alone, and has neither flags nor count. */
export function toFormat1(ccw: Ccw): Ccw {
  if ((ccw.command & 0x0f) !== CCW_CMD_TIC) return ccw;
  return { command: CCW_CMD_TIC, flags: 0, count: 0, address: ccw.address };
}
