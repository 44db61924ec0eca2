// What a 3490 with a drive tells of itself: Sense ID, Read Device Characteristics, Read Configuration Data. IBM 3490
// Hardware Reference, GA32-0127. Linux drivers/s390/char/tape_34xx.c looks at the types of Sense ID alone.

import { viewOf } from '../architecture/bytes.ts';
import { encodeEbcdic } from '../architecture/ebcdic.ts';
import { encodeSenseId, MADE_BY, serialText } from '../architecture/identification.ts';

const TYPE = 0x3490;
const MODEL = 0x50;

/** Command information words: how configuration data is read, an interface named, subsystem data read. */
const COMMAND_INFORMATION = [0x40fa_00a0, 0x4173_0004, 0x423e_0060];

/** Who a drive is, among all that a guest may see. */
export interface TapeIdentity {
  /** Up to 12 letters and digits. */
  readonly serial: string;
  /** Of the drive in its control unit, 0 to FF. */
  readonly unitAddress: number;
}

/** Sense ID (E4), 20 bytes. */
export function tapeSenseId(): Uint8Array {
  const controlUnit = { controlUnitType: TYPE, controlUnitModel: MODEL };
  return encodeSenseId(
    { ...controlUnit, deviceType: TYPE, deviceModel: MODEL },
    COMMAND_INFORMATION,
  );
}

/** Facilities: buffered writing, block identifiers, loader display. */
const FACILITIES = 0x0000_02c4;
const CLASS_TAPE = 0x80;
/** How error records name the drive. */
const RECORDING_CODE = 0x42;

/** Read Device Characteristics (64), 64 bytes. */
export function tapeCharacteristics(): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = viewOf(bytes);
  view.setUint16(0, TYPE);
  bytes[2] = MODEL;
  view.setUint16(3, TYPE);
  bytes[5] = MODEL;
  view.setUint32(6, FACILITIES);
  bytes[10] = CLASS_TAPE;
  bytes[11] = CLASS_TAPE;
  bytes[40] = RECORDING_CODE;
  bytes[41] = RECORDING_CODE;
  return bytes;
}

/** How the node element descriptors (NED) begin: device, control unit, token. */
const NEDS = [0xdc01_0200, 0xd402_0000, 0xf000_0001] as const;
const NED_SIZE = 32;
const NEQ_OFFSET = 128;

/** Read Configuration Data (FA), 160 bytes: descriptors, and the general qualifier. */
export function tapeConfiguration({ serial, unitAddress }: TapeIdentity): Uint8Array {
  const bytes = new Uint8Array(160);
  const view = viewOf(bytes);
  const text = encodeEbcdic(`  3490050${MADE_BY}${serialText(serial)}`, { codePage: '037' });
  for (const [index, flags] of NEDS.entries()) {
    view.setUint32(index * NED_SIZE, flags);
    bytes.set(text, index * NED_SIZE + 4);
  }
  bytes[NED_SIZE - 1] = unitAddress;
  bytes[NEQ_OFFSET] = 0x80;
  // Missing interrupts are looked for after 30 s.
  bytes[NEQ_OFFSET + 6] = 0x1e;
  bytes[NEQ_OFFSET + 11] = unitAddress;
  return bytes;
}
