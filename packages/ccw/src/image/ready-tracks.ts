// Tracks that can be read without waiting. Slots end with bytes that have no meaning: what no track of the volume has
// needed so far is not read.

import { measureTrack } from '../dasd/track-image.ts';
import type { ImageParts } from './parts.ts';
import { cchhOfTrack } from './tracks.ts';

/** The tracks of a volume that are in memory. */
export class ReadyTracks {
  readonly #parts: ImageParts;
  /** Bytes of the longest track that was read. */
  #longest = 0;

  constructor(parts: ImageParts) {
    this.#parts = parts;
  }

  /**
   * Reads a track.
   *
   * @param slot - memory for it, as of `trackBuffer()`
   * @returns `undefined` where it cannot be read at once, or is damaged: a read that waits says so
   */
  read(track: number, slot: Uint8Array): Uint8Array | undefined {
    const usual = slot.subarray(0, this.#longest);
    return this.#readInto(track, usual) ?? this.#readInto(track, slot);
  }

  #readInto(track: number, slot: Uint8Array): Uint8Array | undefined {
    const { geometry } = this.#parts;
    if (slot.length === 0 || !this.#parts.readTrackNow(track, slot)) return undefined;
    const length = measureTrack(slot, cchhOfTrack(geometry, track), geometry.trackSize);
    if (typeof length !== 'number') return undefined;
    this.#longest = Math.max(this.#longest, length);
    return slot.subarray(0, length);
  }
}
