// Graphics addresses, global or of one process, as the things that use them see them.

/** One space of graphics addresses of one guest. Nothing of it reaches further than that guest's memory. */
export interface GraphicsMemory {
  /**
   * Fills `into` from `address` on; may cross pages.
   *
   * @returns whether all of it was there; what is not there reads as 0 and is counted as a fault
   */
  read(address: number, into: Uint8Array): boolean;
  /** Opposite direction of {@link GraphicsMemory.read}; what is not there or not writable is dropped and counted. */
  write(address: number, from: Uint8Array): boolean;
  /** @returns unsigned; 0 and a fault where nothing is there */
  read32(address: number): number;
  write32(address: number, value: number): boolean;
  /**
   * The bytes from `address` to the end of its page, or longer where the guest's memory is in one piece.
   * Valid until control returns to the loop.
   *
   * @returns `undefined` where nothing is there or it is not mapped: `read` and `write` know
   */
  piece(address: number, longest: number, isWrite: boolean): Uint8Array | undefined;
}
