// Tracks that are in memory because they were read. A bounded number of them; the one not used for the longest time
// goes first, and its memory is used again where nobody looks at it any more.

import type { TrackMemory } from './track-memory.ts';

/** Where a {@link TrackCache} has its tracks from. */
export interface TrackSource {
  /** How many tracks, of `count` that follow each other, one read can give; at least 1. */
  together(first: number, count: number): number;
  /**
   * Reads so many tracks that follow each other.
   *
   * @param memory - where memory for them may be taken from
   * @throws `EIO` they cannot be read
   */
  load(first: number, count: number, memory: TrackMemory): Promise<LoadedRun>;
  /** The track as it is now, for one who began to read it before it was replaced. */
  read(track: number): Uint8Array | Promise<Uint8Array>;
}

/** A track that was read. */
export interface LoadedTrack {
  /** What has a meaning of it; an error where it is damaged. */
  readonly image: Uint8Array | Error;
  /** What was taken for it. */
  readonly memory: Uint8Array | undefined;
}

/** Tracks that follow each other. */
export type LoadedRun = readonly LoadedTrack[];

/** How many tracks are one read where tracks are read in order. */
const RUN_TRACKS = 8;

/** A track in memory. */
interface Cached {
  readonly image: Uint8Array;
  readonly memory: Uint8Array | undefined;
  /** How many look at it. */
  users: number;
}

/** Those who wait for a track. */
interface Waiting {
  users: number;
}

/** A track that is being read. */
interface Loading {
  readonly promise: Promise<Uint8Array>;
  readonly waiting: Waiting;
}

/** The tracks that were read, of one volume. */
export class TrackCache {
  readonly #source: TrackSource;
  readonly #memory: TrackMemory;
  readonly #tracks: number;
  readonly #capacity: number;
  readonly #runTracks: number;
  /** In the order of use, the latest last. */
  readonly #clean = new Map<number, Cached>();
  readonly #loading = new Map<number, Loading>();
  /** All reads of the image that have not ended, wanted or not. */
  readonly #running = new Set<Promise<unknown>>();
  /** The track asked for last. */
  #last = -2;

  /**
   * @param tracks - of the volume
   * @param capacity - how many to keep
   */
  constructor(source: TrackSource, memory: TrackMemory, tracks: number, capacity: number) {
    this.#source = source;
    this.#memory = memory;
    this.#tracks = tracks;
    this.#capacity = capacity;
    this.#runTracks = Math.max(1, Math.min(RUN_TRACKS, capacity >> 1));
  }

  /**
   * A track; at once where it is in memory. Reads of one track at one time are one read of the image. A track behind
   * the one before is read together with those that follow it.
   */
  get(track: number): Uint8Array | Promise<Uint8Array> {
    const isNext = track === this.#last + 1;
    this.#last = track;
    const cached = this.#clean.get(track);
    if (cached !== undefined) {
      this.#clean.delete(track);
      this.#clean.set(track, cached);
      cached.users += 1;
      return cached.image;
    }
    const loading = this.#loading.get(track) ?? this.#fetch(track, isNext ? this.#runTracks : 1);
    loading.waiting.users += 1;
    return loading.promise;
  }

  /** One who was given an image does not look at it any more. */
  release(track: number, image: Uint8Array): void {
    const cached = this.#clean.get(track);
    if (cached?.image === image) cached.users -= 1;
  }

  /** Keeps a track that has been written to the image; others may look at it for ever. */
  put(track: number, image: Uint8Array): void {
    this.#loading.delete(track);
    this.#keep(track, { image, memory: undefined, users: 0 });
  }

  /** Waits for the end of all reads of the image. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Forgets a track: what is being read of it is of no use any more. */
  forget(track: number): void {
    this.#loading.delete(track);
    this.#drop(track);
  }

  #keep(track: number, cached: Cached): void {
    this.#drop(track);
    this.#clean.set(track, cached);
    if (this.#clean.size <= this.#capacity) return;
    for (const oldest of this.#clean.keys()) {
      this.#drop(oldest);
      return;
    }
  }

  // Memory that somebody still looks at is left to the garbage collector.
  #drop(track: number): void {
    const cached = this.#clean.get(track);
    if (cached === undefined) return;
    this.#clean.delete(track);
    if (cached.users === 0 && cached.memory !== undefined) this.#memory.give(cached.memory);
  }

  /** Reads a track, and those behind it that are not in memory, at most `count` together. */
  #fetch(first: number, count: number): Loading {
    const limit = Math.min(first + count, this.#tracks);
    let end = first + 1;
    while (end < limit && !this.#clean.has(end) && !this.#loading.has(end)) end += 1;
    end = first + (end === first + 1 ? 1 : this.#source.together(first, end - first));
    const run = this.#source.load(first, end - first, this.#memory);
    const loading = this.#expect(first, run, first, end);
    for (let track = first + 1; track < end; track += 1) {
      // Whoever asks for the track hears of the error.
      this.#expect(track, run, first, end).promise.catch(() => {});
    }
    return loading;
  }

  #expect(track: number, run: Promise<LoadedRun>, first: number, end: number): Loading {
    const waiting = { users: 0 };
    const promise = this.#arrive(track, run, first, end, waiting);
    const loading = { promise, waiting };
    this.#loading.set(track, loading);
    this.#running.add(promise);
    const ended = (): void => void this.#running.delete(promise);
    promise.then(ended, ended);
    return loading;
  }

  async #arrive(
    track: number,
    run: Promise<LoadedRun>,
    first: number,
    end: number,
    waiting: Waiting,
  ): Promise<Uint8Array> {
    let loaded: LoadedTrack | undefined;
    let failure: unknown;
    try {
      loaded = (await run)[track - first];
    } catch (error) {
      failure = error;
      // What is wrong with one track of a run is not wrong with the others.
      if (end - first > 1) [loaded, failure] = await this.#loadAlone(track);
    }
    if (this.#loading.get(track)?.waiting === waiting) {
      this.#loading.delete(track);
      if (loaded === undefined) throw failure;
      const { image, memory } = loaded;
      if (image instanceof Error) {
        if (memory !== undefined) this.#memory.give(memory);
        throw image;
      }
      this.#keep(track, { image, memory, users: waiting.users });
      return image;
    }
    // It was replaced meanwhile: what was read may be half of this and half of that.
    if (loaded?.memory !== undefined) this.#memory.give(loaded.memory);
    const image = await this.#source.read(track);
    const cached = this.#clean.get(track);
    // How many there are who wait for this is not counted there.
    if (cached?.image === image) cached.users = Infinity;
    return image;
  }

  async #loadAlone(track: number): Promise<[LoadedTrack | undefined, unknown]> {
    try {
      const [loaded] = await this.#source.load(track, 1, this.#memory);
      return [loaded, undefined];
    } catch (error) {
      return [undefined, error];
    }
  }
}
