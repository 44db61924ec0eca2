// The operation-request block, the operand of START SUBCHANNEL. Principles of Operation, chapter 15,
// "Operation-Request Block".

import { structureView, viewOf } from './bytes.ts';

/** Bytes of a command-mode ORB. */
export const ORB_SIZE = 12;

/** S: the program may suspend itself. */
export const ORB_SUSPEND_CONTROL = 0x0800_0000;
/** C. */
export const ORB_STREAMING_MODE_CONTROL = 0x0400_0000;
/** M. */
export const ORB_MODIFICATION_CONTROL = 0x0200_0000;
/** Y. */
export const ORB_SYNCHRONIZATION_CONTROL = 0x0100_0000;
/** F: CCWs of format 1. */
export const ORB_FORMAT_CONTROL = 0x0080_0000;
/** P: the program may be read before it runs. */
export const ORB_PREFETCH_CONTROL = 0x0040_0000;
/** I. */
export const ORB_INITIAL_STATUS_INTERRUPTION_CONTROL = 0x0020_0000;
/** A. */
export const ORB_ADDRESS_LIMIT_CHECKING_CONTROL = 0x0010_0000;
/** U. */
export const ORB_SUPPRESS_SUSPENDED_INTERRUPTION_CONTROL = 0x0008_0000;
/** B: transport mode. */
export const ORB_CHANNEL_PROGRAM_TYPE_CONTROL = 0x0004_0000;
/** H: IDAWs of format 2, 64 bits each. */
export const ORB_FORMAT_2_IDAW_CONTROL = 0x0002_0000;
/** T: IDAWs of format 2 cover 2 KiB each. */
export const ORB_2K_IDAW_CONTROL = 0x0001_0000;
/** L: an immediate command of format 1 never reports incorrect length. */
export const ORB_INCORRECT_LENGTH_SUPPRESSION_MODE = 0x80;
/** D: MIDAWs may be used. */
export const ORB_MODIFIED_CCW_INDIRECT_DATA_ADDRESSING_CONTROL = 0x40;
/** X: 32 bytes instead of {@link ORB_SIZE}. */
export const ORB_EXTENSION_CONTROL = 0x01;

/** An operation-request block. */
export interface Orb {
  readonly interruptionParameter: number;
  /** Storage key, 0 to 15. */
  readonly key: number;
  /** `ORB_*`: word 1 without key and path mask. */
  readonly control: number;
  /** Logical path mask. */
  readonly lpm: number;
  /** Address of the first CCW; bit 0 is kept as it is. */
  readonly programAddress: number;
}

const CONTROL = 0x0fff_00ff;

/** @throws `EINVAL` fewer than {@link ORB_SIZE} bytes */
export function decodeOrb(bytes: Uint8Array): Orb {
  const view = structureView('Orb', bytes, ORB_SIZE);
  const word1 = view.getUint32(4);
  return {
    interruptionParameter: view.getUint32(0),
    key: word1 >>> 28,
    control: word1 & CONTROL,
    lpm: (word1 >>> 8) & 0xff,
    programAddress: view.getUint32(8),
  };
}

/** Opposite of {@link decodeOrb}; a field with more bits than it has room for loses them. */
export function encodeOrb({
  interruptionParameter,
  key,
  control,
  lpm,
  programAddress,
}: Orb): Uint8Array {
  const bytes = new Uint8Array(ORB_SIZE);
  const view = viewOf(bytes);
  view.setUint32(0, interruptionParameter);
  view.setUint32(4, (key << 28) | (control & CONTROL) | ((lpm & 0xff) << 8));
  view.setUint32(8, programAddress);
  return bytes;
}
