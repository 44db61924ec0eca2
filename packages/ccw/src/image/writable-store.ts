// A volume in uncompressed files that is read and written.

import { VfioError } from '@vfio-ts/core';
import { measureTrack } from '../dasd/track-image.ts';
import type { TrackStore, VolumeGeometry } from '../dasd/track-store.ts';
import type { ImageFiles } from './file.ts';
import type { Journal } from './journal.ts';
import type { ImageParts } from './parts.ts';
import { TrackCache } from './track-cache.ts';
import { ReadyTracks } from './ready-tracks.ts';
import { cchhOfTrack, checkTrackNumber, trackLater } from './tracks.ts';
import { WriteBack } from './write-back.ts';

/** How many tracks may wait in memory before a write waits for a flush. */
const MAX_DIRTY = 64;

/** What a {@link WritableStore} is made of; all of it is its own from then on. */
export interface WritableParts {
  readonly files: ImageFiles;
  readonly parts: ImageParts;
  readonly journal: Journal;
  readonly journalPath: string;
}

/** The {@link TrackStore} of an image that is open for writing. */
export class WritableStore implements TrackStore {
  readonly geometry: VolumeGeometry;
  readonly isReadOnly: boolean = false;
  readonly #own: WritableParts;
  readonly #cache: TrackCache;
  readonly #writeBack: WriteBack;
  #closing: Promise<void> | undefined;

  /** @param cacheTracks - how many tracks to keep in memory that are in the image as well */
  constructor(own: WritableParts, cacheTracks: number) {
    const { parts, journal } = own;
    this.geometry = parts.geometry;
    const ready = new ReadyTracks(parts);
    this.#own = own;
    const source = {
      load: (track: number): Promise<Uint8Array> => trackLater(parts, track),
      loadNow: (track: number, slot: Uint8Array): Uint8Array | undefined => ready.read(track, slot),
      read: (track: number): Promise<Uint8Array> | Uint8Array => this.#read(track),
    };
    this.#cache = new TrackCache(source, this.geometry, cacheTracks);
    this.#writeBack = new WriteBack(parts, journal, (track, image) => {
      this.#cache.put(track, image);
    });
  }

  read(track: number): Promise<Uint8Array> | Uint8Array {
    this.#checkOpen('read');
    checkTrackNumber('read', this.geometry, track);
    return this.#read(track);
  }

  lend(track: number): Uint8Array | undefined {
    this.#checkOpen('read');
    checkTrackNumber('read', this.geometry, track);
    return this.#writeBack.get(track) ?? this.#cache.lend(track);
  }

  #read(track: number): Promise<Uint8Array> | Uint8Array {
    return this.#writeBack.get(track) ?? this.#cache.get(track);
  }

  write(track: number, image: Uint8Array): Promise<void> | void {
    this.#checkOpen('write');
    checkTrackNumber('write', this.geometry, track);
    const cchh = cchhOfTrack(this.geometry, track);
    const length = measureTrack(image, cchh, this.geometry.trackSize);
    if (typeof length !== 'number') {
      throw new VfioError('EINVAL', 'write', `no image for track ${track}: ${length}`);
    }
    const copy = new Uint8Array(length);
    copy.set(image.subarray(0, length));
    this.#writeBack.put(track, copy);
    this.#cache.forget(track);
    if (this.#writeBack.size >= MAX_DIRTY) return this.#writeBack.flush();
  }

  flush(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    return this.#writeBack.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  // The journal stays where anything of it is not durable in the image: the next open needs it.
  async #close(): Promise<void> {
    const { files, parts, journal, journalPath } = this.#own;
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => parts.close());
    cleanup.defer(() => this.#cache.settle());
    cleanup.defer(() => journal.close());
    await this.#writeBack.settle();
    await files.remove(journalPath);
    await files.syncFolder(journalPath);
  }

  #checkOpen(op: string): void {
    if (this.#closing !== undefined) throw new VfioError('EBADF', op, 'the volume is closed');
  }
}
