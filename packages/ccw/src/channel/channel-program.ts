// A channel program as the driver has copied and checked it, ready to be executed. Addresses are the guest's.

/** A piece of guest memory that a CCW names. */
export interface DataPiece {
  /** Guest address of the first byte. */
  readonly iova: number;
  /** Bytes. */
  readonly length: number;
}

/** One CCW of a copied program, whatever its format was. */
export interface ChannelCcw {
  /** Guest address of the CCW itself; the CPA of a status is 8 more. */
  readonly address: number;
  readonly command: number;
  /** `CCW_FLAG_*`. */
  readonly flags: number;
  /** Bytes, 0 to 65535. */
  readonly count: number;
  /**
   * Where the data is, in order, `count` bytes together. What the guest gave an impossible address is where no
   * memory is.
   */
  readonly data: readonly DataPiece[];
  /** What a transfer in channel (TIC) goes to; absent for all others. */
  readonly target?: ChannelCcw | undefined;
  /** The CCW behind it in storage, where the program was copied so far. */
  readonly next?: ChannelCcw | undefined;
}

/** Guest memory while a program runs: the pages its data is in are pinned. */
export interface ChannelMemory {
  /** @throws `EFAULT` the memory is gone */
  read(iova: number, into: Uint8Array): Promise<void> | void;
  /** @throws `EFAULT` the memory is gone; `EPERM` it cannot be written */
  write(iova: number, from: Uint8Array): Promise<void> | void;
}

/** What SSCH starts. */
export interface ChannelProgram {
  readonly first: ChannelCcw;
  /** The CCWs were of format 1. */
  readonly isFormat1: boolean;
  /** What a status repeats of the ORB: `SCSW_KEY`, `_PREFETCH` and the like; F is added. */
  readonly statusFlags?: number;
  /** Logical paths that may be used, path i is bit `0x80 >> i`. */
  readonly lpm: number;
  /** ORB.L: a wrong length of a command without data is not reported. */
  readonly suppressesIncorrectLength: boolean;
  readonly memory: ChannelMemory;
}
