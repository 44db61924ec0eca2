// Sense data of a 3990, in the 24-byte compatible form. IBM 3990 Storage Control Reference, "Sense information".

/** Bytes of sense data. */
export const SENSE_SIZE = 32;

/** What a command can be refused or fail with: sense bytes 0 and 1, and byte 7 (format, message). */
export const UNIT_CHECKS = {
  invalidCommand: [0x80, 0x00, 0x01],
  invalidSequence: [0x80, 0x00, 0x02],
  countTooSmall: [0x80, 0x00, 0x03],
  invalidParameter: [0x80, 0x00, 0x04],
  diagnosticNotAllowed: [0x80, 0x00, 0x05],
  specialIntercept: [0x80, 0x00, 0x0f],
  domainIncomplete: [0x81, 0x00, 0x00],
  noRecordFound: [0x00, 0x08, 0x00],
  fileProtected: [0x00, 0x04, 0x00],
  endOfCylinder: [0x00, 0x20, 0x00],
  invalidTrackFormat: [0x00, 0x40, 0x00],
  writeInhibited: [0x10, 0x02, 0x04],
  equipmentCheck: [0x10, 0x00, 0x10],
  interventionRequired: [0x40, 0x00, 0x00],
} as const;

/** A row of {@link UNIT_CHECKS}. */
export type UnitCheckKind = keyof typeof UNIT_CHECKS;

/** Ends a command with unit check. It never leaves the control unit. */
export class UnitCheck extends Error {
  readonly kind: UnitCheckKind;
  /** Bytes the device had taken before. */
  readonly taken: number;

  constructor(kind: UnitCheckKind, taken = 0) {
    super(kind);
    this.name = 'UnitCheck';
    this.kind = kind;
    this.taken = taken;
  }
}

/** Where the arm of a device is. */
export interface ArmPosition {
  readonly cylinder: number;
  readonly head: number;
}

/** Devices with more cylinders have no address in bytes 5 and 6. */
const SHORT_ADDRESS_CYLINDERS = 4095;

/** Byte 27: the form of the data; bytes 28 to 31 are the track it is about, and are as CC HH where that is needed. */
const IS_24_BYTE_COMPATIBLE = 0x80;
const IS_TRACK_VALID = 0x20;
const IS_TRACK_LARGE = 0x10;

/** What is about the track under the arm. */
const OF_TRACK: ReadonlySet<UnitCheckKind | undefined> = new Set([
  'noRecordFound',
  'invalidTrackFormat',
]);

/** The last cylinder that fits a half-word. */
const LAST_SHORT_CYLINDER = 0xffff;

/** The sense data of a unit check, or of a device that has none to report. */
export function buildSense(
  kind: UnitCheckKind | undefined,
  { cylinder, head }: ArmPosition,
  cylinders: number,
): Uint8Array {
  const sense = new Uint8Array(SENSE_SIZE);
  if (kind !== undefined) [sense[0], sense[1], sense[7]] = UNIT_CHECKS[kind];
  const isShort = cylinders <= SHORT_ADDRESS_CYLINDERS;
  sense[5] = isShort ? cylinder : 0xff;
  sense[6] = isShort ? ((cylinder >>> 8) << 4) | head : 0xff;
  sense[27] = IS_24_BYTE_COMPATIBLE | (OF_TRACK.has(kind) ? IS_TRACK_VALID : 0);
  if (cylinder <= LAST_SHORT_CYLINDER) {
    sense.set([cylinder >>> 8, cylinder, head], 29);
  } else {
    sense[27] |= IS_TRACK_LARGE;
    const high = cylinder >>> 16;
    sense.set([cylinder >>> 8, cylinder, high >>> 4, (high << 4) | head], 28);
  }
  return sense;
}
