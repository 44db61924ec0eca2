// Tracks that are in memory because they were read. A bounded number of them; the one not used for the longest time
// goes first.
//
// Concepts: who is given a track may keep it, so its memory is left to the garbage collector; a track that is only lent
// gives its slot to the next one that is lent. Slots are large, and making them costs more than filling them. Who goes
// through a volume in order uses one slot over and over, which the processor has at hand, and what others come back to
// stays.

import type { VolumeGeometry } from '../dasd/track-store.ts';
import { trackBuffer } from './tracks.ts';

/** Where a {@link TrackCache} has its tracks from. */
export interface TrackSource {
  /** Reads a track from the image. */
  load(track: number): Promise<Uint8Array>;
  /** The same, in a slot, where it takes no wait; otherwise nothing. */
  loadNow(track: number, slot: Uint8Array): Uint8Array | undefined;
  /** The track as it is now, for one who began to read it before it was replaced. */
  read(track: number): Uint8Array | Promise<Uint8Array>;
}

/** A track in memory. */
interface Kept {
  readonly image: Uint8Array;
  /** Its memory, where nobody has it but the one it was lent to. */
  slot: Uint8Array | undefined;
  /** Nobody has come back to it. */
  isNew: boolean;
}

/** How many tracks behind one that is read in order are fetched before they are asked for. */
const READ_AHEAD = 2;

/** The tracks that were read, of one volume. */
export class TrackCache {
  readonly #source: TrackSource;
  readonly #tracks: number;
  readonly #trackSize: number;
  readonly #capacity: number;
  /** In the order of use, the latest last. */
  readonly #clean = new Map<number, Kept>();
  readonly #loading = new Map<number, Promise<Uint8Array>>();
  /** All reads of the image that have not ended, wanted or not. */
  readonly #running = new Set<Promise<Uint8Array>>();
  #spare: Uint8Array | undefined;
  #last = -1;

  /** @param capacity - how many to keep */
  constructor(source: TrackSource, geometry: VolumeGeometry, capacity: number) {
    this.#source = source;
    this.#tracks = geometry.cylinders * geometry.heads;
    this.#trackSize = geometry.trackSize;
    this.#capacity = capacity;
  }

  /** A track; at once where it is in memory. Reads of one track at one time are one read of the image. */
  get(track: number): Uint8Array | Promise<Uint8Array> {
    const kept = this.#use(track);
    if (kept !== undefined) {
      kept.slot = undefined;
      if (this.#isNext(track)) this.#readAhead(track);
      return kept.image;
    }
    const isNext = this.#isNext(track);
    const loading = this.#fetch(track);
    if (isNext) this.#readAhead(track);
    return loading;
  }

  /** A track that need not be waited for; valid until the next call. */
  lend(track: number): Uint8Array | undefined {
    const kept = this.#use(track);
    if (kept !== undefined) {
      this.#last = track;
      return kept.image;
    }
    if (this.#loading.has(track)) return undefined;
    const slot = this.#freeSlot(track - 1);
    const image = this.#source.loadNow(track, slot);
    if (image === undefined) {
      this.#spare = slot;
      return undefined;
    }
    this.#last = track;
    this.#keep(track, { image, slot, isNew: true });
    return image;
  }

  /** Keeps a track that has been written to the image. */
  put(track: number, image: Uint8Array): void {
    this.#loading.delete(track);
    this.#keep(track, { image, slot: undefined, isNew: true });
  }

  /** Waits for the end of all reads of the image. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Forgets a track: what is being read of it is of no use any more. */
  forget(track: number): void {
    this.#loading.delete(track);
    this.#clean.delete(track);
  }

  #use(track: number): Kept | undefined {
    const kept = this.#clean.get(track);
    if (kept === undefined) return undefined;
    kept.isNew = false;
    this.#clean.delete(track);
    this.#clean.set(track, kept);
    return kept;
  }

  #keep(track: number, kept: Kept): void {
    this.#clean.delete(track);
    this.#clean.set(track, kept);
    if (this.#clean.size > this.#capacity) this.#dropOldest();
  }

  #dropOldest(): Kept | undefined {
    for (const [oldest, kept] of this.#clean) {
      this.#clean.delete(oldest);
      return kept;
    }
    return undefined;
  }

  /**
   * Memory for a track that is lent: what was lent before is not looked at any more.
   *
   * @param before - the track before it
   */
  #freeSlot(before: number): Uint8Array {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    if (this.#clean.size < this.#capacity) return trackBuffer(this.#trackSize);
    const dropped = this.#dropPassed(before) ?? this.#dropOldest();
    return dropped?.slot ?? trackBuffer(this.#trackSize);
  }

  /** Drops a track that was lent last and for the first time, where it can be used again. */
  #dropPassed(track: number): Kept | undefined {
    const kept = track === this.#last ? this.#clean.get(track) : undefined;
    if (kept?.slot === undefined || !kept.isNew) return undefined;
    this.#clean.delete(track);
    return kept;
  }

  #isNext(track: number): boolean {
    const isNext = track === this.#last + 1;
    this.#last = track;
    return isNext;
  }

  #fetch(track: number): Promise<Uint8Array> {
    const running = this.#loading.get(track);
    if (running !== undefined) return running;
    const loading: Promise<Uint8Array> = this.#run(
      track,
      () => this.#loading.get(track) === loading,
    ).finally(() => this.#running.delete(loading));
    this.#loading.set(track, loading);
    this.#running.add(loading);
    return loading;
  }

  async #run(track: number, isWanted: () => boolean): Promise<Uint8Array> {
    try {
      const image = await this.#source.load(track);
      if (isWanted()) {
        this.put(track, image);
        return image;
      }
    } catch (error) {
      if (isWanted()) {
        this.#loading.delete(track);
        throw error;
      }
    }
    // It was replaced meanwhile: what was read may be half of this and half of that.
    return this.#source.read(track);
  }

  #readAhead(track: number): void {
    const end = Math.min(track + READ_AHEAD, this.#tracks - 1);
    for (let next = track + 1; next <= end; next += 1) {
      if (this.#clean.has(next) || this.#loading.has(next)) continue;
      // Whoever asks for the track hears of the error.
      this.#fetch(next).catch(() => {});
    }
  }
}
