// What the commands of one chain set up for those behind them. All of it is forgotten when the next chain begins.

/** Tracks a chain may use, `cylinder * heads + head`, both ends included. */
export interface Extent {
  readonly first: number;
  readonly last: number;
}

/** Operations of a Locate Record (bits 2 to 7 of byte 0), those of Locate Record Extended included. */
export const OPERATION = {
  ORIENT: 0x00,
  WRITE_DATA: 0x01,
  FORMAT_WRITE: 0x03,
  READ_DATA: 0x06,
  WRITE_ANY: 0x09,
  READ_ANY: 0x0a,
  WRITE_TRACK: 0x0b,
  READ_TRACKS: 0x0c,
  READ_TRACK_SET: 0x0e,
  WRITE_FULL_TRACK: 0x11,
  READ: 0x16,
  EXTENDED: 0x3f,
} as const;

/** Orientations of a Locate Record (bits 0 and 1 of byte 0). */
export const ORIENTATION = { COUNT: 0x00, HOME_ADDRESS: 0x40, DATA: 0x80, INDEX: 0xc0 } as const;

/** Bits of the auxiliary byte of a Locate Record. */
export const AUXILIARY = { HAS_TRANSFER_LENGTH: 0x80, READ_COUNT_SUFFIX: 0x01 } as const;

/** What a Locate Record has announced. */
export interface Domain {
  /** Data transfer commands that are still to come. */
  left: number;
  /** {@link OPERATION}. */
  readonly operation: number;
  /** {@link ORIENTATION}. */
  readonly orientation: number;
  /** {@link AUXILIARY}. */
  readonly auxiliary: number;
  /** Bytes a write command is to bring. */
  readonly transferLength: number;
  /** The tracks of a set that are still to come: bit 15 is the next one. 0 where there is no set. */
  trackSet: number;
}

/** Write control of a file mask. */
export const WRITE_CONTROL = {
  MASK: 0xc0,
  ALL_BUT_HOME_ADDRESS_AND_R0: 0x00,
  NONE: 0x40,
  UPDATE: 0x80,
  ALL: 0xc0,
} as const;

/** Seek control of a file mask. */
export const SEEK_CONTROL = {
  MASK: 0x18,
  ANY: 0x00,
  CYLINDER_AND_HEAD: 0x08,
  HEAD: 0x10,
  NONE: 0x18,
} as const;

/** Authorisation of a file mask. */
export const AUTHORISATION = {
  MASK: 0x06,
  NORMAL: 0x00,
  DEVICE_SUPPORT: 0x02,
  DIAGNOSTIC: 0x04,
} as const;

/** The state of one chain. */
export class Chain {
  /** Commands executed before. */
  position = 0;
  extent: Extent;
  /** Define Extent has been executed. */
  isExtentDefined = false;
  /** Set File Mask has been executed. */
  isMaskSet = false;
  /** The file mask: {@link WRITE_CONTROL}, {@link SEEK_CONTROL}, {@link AUTHORISATION}. */
  mask = 0;
  /** Global attributes of the Define Extent. */
  attributes = 0;
  /** Block size of the Define Extent, bytes. */
  blockSize = 0;
  domain: Domain | undefined = undefined;
  /** A seek, Locate Record or Read IPL has put the device onto a track. */
  isPositioned = false;
  /** Read IPL has been executed. */
  hasReadIpl = false;
  /** The start of a track was passed, and nothing of it read since. */
  hasPassedIndex = false;
  /** The command before has found this home address, identifier, or key. */
  isHomeAddressEqual = false;
  isIdentifierEqual = false;
  isKeyEqual = false;
  /** The command before was Write R0 or Write CKD outside a domain. */
  hasWrittenCount = false;
  /** What Perform Subsystem Function has prepared for the command behind it. */
  subsystemData: Uint8Array | undefined = undefined;
  /** The only commands that may follow, where not all may. */
  onlyFollowers: readonly number[] | undefined = undefined;

  /** @param lastTrack - of the volume: without a Define Extent the extent is all of it */
  constructor(lastTrack: number) {
    this.extent = { first: 0, last: lastTrack };
  }

  /** Whether a track is inside the extent. */
  isInExtent(track: number): boolean {
    return track >= this.extent.first && track <= this.extent.last;
  }
}
