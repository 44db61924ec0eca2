// A volume that is only read.

import { VfioError } from '@vfio-ts/core';
import type { TrackStore, VolumeGeometry } from '../dasd/track-store.ts';
import { checkTrackNumber } from './tracks.ts';
import { TrackCache } from './track-cache.ts';
import type { TrackSource } from './track-cache.ts';
import { TrackMemory } from './track-memory.ts';

/** Where a volume that is only read has its tracks. */
export interface TrackFile extends Pick<TrackSource, 'together' | 'load'> {
  readonly geometry: VolumeGeometry;
  close(): Promise<void>;
}

/** A {@link TrackStore} without writing. */
export class ReadOnlyStore implements TrackStore {
  readonly geometry: VolumeGeometry;
  readonly isReadOnly: boolean = true;
  readonly #file: TrackFile;
  readonly #overlay: ReadonlyMap<number, Uint8Array>;
  readonly #cache: TrackCache;
  #closing: Promise<void> | undefined;

  /**
   * @param overlay - tracks that are newer than what the file has
   * @param cacheTracks - how many tracks to keep in memory
   */
  constructor(file: TrackFile, overlay: ReadonlyMap<number, Uint8Array>, cacheTracks: number) {
    this.geometry = file.geometry;
    this.#file = file;
    this.#overlay = overlay;
    const source: TrackSource = {
      together: (first, count) => file.together(first, count),
      load: (first, count, memory) => file.load(first, count, memory),
      read: (track) => this.read(track),
    };
    const { cylinders, heads, trackSize } = file.geometry;
    const memory = new TrackMemory(trackSize);
    this.#cache = new TrackCache(source, memory, cylinders * heads, cacheTracks);
  }

  read(track: number): Promise<Uint8Array> | Uint8Array {
    this.#checkOpen('read');
    checkTrackNumber('read', this.geometry, track);
    return this.#overlay.get(track) ?? this.#cache.get(track);
  }

  release(track: number, image: Uint8Array): void {
    this.#cache.release(track, image);
  }

  write(track: number): void {
    this.#checkOpen('write');
    throw new VfioError('EROFS', 'write', `track ${track}: the volume is read-only`);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#cache.settle();
    await this.#file.close();
  }

  #checkOpen(op: string): void {
    if (this.#closing !== undefined) throw new VfioError('EBADF', op, 'the volume is closed');
  }
}
