// A volume that is only read.

import { VfioError } from '@vfio-ts/core';
import type { TrackStore, VolumeGeometry } from '../dasd/track-store.ts';
import { checkTrackNumber } from './tracks.ts';
import { TrackCache } from './track-cache.ts';

/** Where a volume that is only read has its tracks. */
export interface TrackFile {
  readonly geometry: VolumeGeometry;
  /** The sound image of a track. @throws `EIO` it cannot be read or is damaged */
  load(track: number): Promise<Uint8Array>;
  /** The same, in a slot, where it takes no wait; otherwise nothing. */
  loadNow?(track: number, slot: Uint8Array): Uint8Array | undefined;
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
    const source = {
      load: (track: number): Promise<Uint8Array> => file.load(track),
      loadNow: (track: number, slot: Uint8Array): Uint8Array | undefined =>
        file.loadNow?.(track, slot),
      read: (track: number): Promise<Uint8Array> | Uint8Array => this.read(track),
    };
    this.#cache = new TrackCache(source, file.geometry, cacheTracks);
  }

  read(track: number): Promise<Uint8Array> | Uint8Array {
    this.#checkOpen('read');
    checkTrackNumber('read', this.geometry, track);
    return this.#overlay.get(track) ?? this.#cache.get(track);
  }

  lend(track: number): Uint8Array | undefined {
    this.#checkOpen('read');
    checkTrackNumber('read', this.geometry, track);
    return this.#overlay.get(track) ?? this.#cache.lend(track);
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
