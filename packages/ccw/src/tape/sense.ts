// Sense data of a 3490: 32 bytes, of which byte 3 tells the host what to do, the error recovery action (ERA). IBM 3490
// Hardware Reference, GA32-0127, "Sense bytes"; Linux drivers/s390/char/tape_34xx.c.

/** Bytes of sense data. */
export const TAPE_SENSE_SIZE = 32;

/** Byte 0. */
const SENSE0 = {
  COMMAND_REJECT: 0x80,
  INTERVENTION_REQUIRED: 0x40,
  EQUIPMENT_CHECK: 0x10,
  DATA_CHECK: 0x08,
  DEFERRED: 0x02,
} as const;

/** Byte 1. */
const SENSE1 = {
  LOCATE_FAILURE: 0x80,
  ONLINE: 0x40,
  RECORD_SEQUENCE: 0x10,
  BEGINNING_OF_TAPE: 0x08,
  WRITE_MODE: 0x04,
  WRITE_PROTECT: 0x02,
} as const;

const { COMMAND_REJECT, INTERVENTION_REQUIRED, EQUIPMENT_CHECK, DATA_CHECK, DEFERRED } = SENSE0;

/** What a command can be refused or fail with. */
export type TapeCheckKind =
  | 'commandReject'
  | 'writeProtected'
  | 'blockTooLong'
  | 'notReady'
  /** Nothing is wrong: the end of Rewind Unload. */
  | 'unloaded'
  | 'endOfData'
  /** Nothing is recorded at all. */
  | 'tapeVoid'
  | 'beginningOfTape'
  | 'physicalEnd'
  /** The same, of blocks whose commands had ended well. */
  | 'physicalEndDeferred'
  | 'writeFailed'
  /** Such blocks were lost before. */
  | 'fenced'
  | 'locateFailed'
  /** The headers of the file make no sense. */
  | 'damaged'
  | 'readFailed'
  /** A block is compressed, or longer than any that the drive has room for. */
  | 'incompatible';

/**
 * Bits of sense bytes 0 and 1, and the ERA.
 *
 * Linux takes a data check alone, an equipment check alone, or one that is deferred, of a drive that is merely online,
 * for the end of what is recorded, before it looks at the ERA. So nothing else may look like that: what has failed
 * while writing is in write mode, what has failed while reading has both checks.
 */
const CHECKS: Readonly<Record<TapeCheckKind, readonly [number, number, number]>> = {
  commandReject: [COMMAND_REJECT, 0, 0x27],
  writeProtected: [COMMAND_REJECT, 0, 0x30],
  blockTooLong: [COMMAND_REJECT, 0, 0x4e],
  notReady: [INTERVENTION_REQUIRED, 0, 0x43],
  unloaded: [INTERVENTION_REQUIRED, 0, 0x2b],
  endOfData: [DATA_CHECK, 0, 0x36],
  tapeVoid: [DATA_CHECK, 0, 0x31],
  beginningOfTape: [0, 0, 0x39],
  physicalEnd: [EQUIPMENT_CHECK, SENSE1.WRITE_MODE, 0x38],
  physicalEndDeferred: [EQUIPMENT_CHECK | DEFERRED, SENSE1.WRITE_MODE, 0x38],
  writeFailed: [DATA_CHECK | DEFERRED, SENSE1.WRITE_MODE, 0x25],
  fenced: [EQUIPMENT_CHECK | DEFERRED, SENSE1.WRITE_MODE, 0x47],
  locateFailed: [EQUIPMENT_CHECK, SENSE1.LOCATE_FAILURE, 0x44],
  damaged: [DATA_CHECK, SENSE1.RECORD_SEQUENCE, 0x41],
  readFailed: [EQUIPMENT_CHECK | DATA_CHECK, 0, 0x2c],
  incompatible: [EQUIPMENT_CHECK | DATA_CHECK, 0, 0x5e],
};

/** Ends a command with unit check. It never leaves the control unit. */
export class TapeCheck extends Error {
  readonly kind: TapeCheckKind;

  constructor(kind: TapeCheckKind) {
    super(kind);
    this.name = 'TapeCheck';
    this.kind = kind;
  }
}

/** How a drive is. */
export interface DriveState {
  readonly isLoaded: boolean;
  readonly isAtStart: boolean;
  readonly isReadOnly: boolean;
}

/** Byte 7, the form of bytes 8 to 31: drive and control unit information; a buffered log. */
const FORMAT = { INFORMATION: 0x20, BUFFERED_LOG: 0x21 } as const;

/** Byte 25: the drive can compact. Byte 27: a 3490. */
const FEATURES = 0x06;
const MODEL = 0xe0;

/** The sense data of a unit check, or of a drive that has none to report. */
export function buildTapeSense(kind: TapeCheckKind | undefined, drive: DriveState): Uint8Array {
  const sense = new Uint8Array(TAPE_SENSE_SIZE);
  const [byte0, byte1, era] = kind === undefined ? [0, 0, 0] : CHECKS[kind];
  sense[0] = byte0 | (drive.isLoaded ? 0 : INTERVENTION_REQUIRED);
  sense[1] =
    byte1 |
    SENSE1.ONLINE |
    (drive.isLoaded && drive.isAtStart ? SENSE1.BEGINNING_OF_TAPE : 0) |
    (drive.isLoaded && drive.isReadOnly ? SENSE1.WRITE_PROTECT : 0);
  sense[3] = era;
  sense[7] = kind === 'unloaded' ? FORMAT.BUFFERED_LOG : FORMAT.INFORMATION;
  sense[25] = FEATURES;
  sense[27] = MODEL;
  return sense;
}

/** The buffered log of a drive that has counted no errors. */
export function bufferedLog(): Uint8Array {
  const log = new Uint8Array(TAPE_SENSE_SIZE);
  log[7] = FORMAT.BUFFERED_LOG;
  return log;
}
