// Tracks that are in memory because they were read. A bounded number of them; the one not used for the longest time
// goes first.

/** Where a {@link TrackCache} has its tracks from. */
export interface TrackSource {
  /** Reads a track from the image. */
  load(track: number): Promise<Uint8Array>;
  /** The track as it is now, for one who began to read it before it was replaced. */
  read(track: number): Uint8Array | Promise<Uint8Array>;
}

/** How many tracks behind one that is read in order are fetched before they are asked for. */
const READ_AHEAD = 2;

/** The tracks that were read, of one volume. */
export class TrackCache {
  readonly #source: TrackSource;
  readonly #tracks: number;
  readonly #capacity: number;
  /** In the order of use, the latest last. */
  readonly #clean = new Map<number, Uint8Array>();
  readonly #loading = new Map<number, Promise<Uint8Array>>();
  /** All reads of the image that have not ended, wanted or not. */
  readonly #running = new Set<Promise<Uint8Array>>();
  #last = -1;

  /**
   * @param tracks - of the volume
   * @param capacity - how many to keep
   */
  constructor(source: TrackSource, tracks: number, capacity: number) {
    this.#source = source;
    this.#tracks = tracks;
    this.#capacity = capacity;
  }

  /** A track; at once where it is in memory. Reads of one track at one time are one read of the image. */
  get(track: number): Uint8Array | Promise<Uint8Array> {
    const isNext = track === this.#last + 1;
    this.#last = track;
    const image = this.#clean.get(track);
    if (image !== undefined) {
      if (isNext) this.#readAhead(track);
      this.#clean.delete(track);
      this.#clean.set(track, image);
      return image;
    }
    const loading = this.#fetch(track);
    if (isNext) this.#readAhead(track);
    return loading;
  }

  /** Keeps a track that has been written to the image. */
  put(track: number, image: Uint8Array): void {
    this.#loading.delete(track);
    this.#clean.delete(track);
    this.#clean.set(track, image);
    if (this.#clean.size <= this.#capacity) return;
    for (const oldest of this.#clean.keys()) {
      this.#clean.delete(oldest);
      return;
    }
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
