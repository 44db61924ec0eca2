import { VfioError } from '@vfio-ts/core';
import { emptyTrack, packCchh } from '../../../src/dasd/track-image.ts';
import type { TrackStore, VolumeGeometry } from '../../../src/dasd/track-store.ts';

/** How a store of a test behaves. */
export interface MemoryStoreOptions {
  readonly cylinders?: number;
  readonly isReadOnly?: boolean;
  readonly serial?: string;
  readonly deviceType?: number;
  /** All reads, writes and flushes end later. */
  readonly isSlow?: boolean;
}

/** A volume in memory; its tracks are empty until they are set. */
export class MemoryStore implements TrackStore {
  readonly geometry: VolumeGeometry;
  readonly isReadOnly: boolean;
  readonly tracks: Map<number, Uint8Array> = new Map();
  /** Tracks in the order in which they were written. */
  readonly written: number[] = [];
  /** What cannot be read, written, or flushed. */
  readonly broken: Set<number | 'write' | 'flush'> = new Set();
  flushes = 0;
  isClosed = false;
  readonly #isSlow: boolean;

  constructor(options: MemoryStoreOptions = {}) {
    const { cylinders = 10, serial = '', deviceType = 0x3390 } = options;
    this.geometry = { cylinders, heads: 15, trackSize: 56_832, deviceType, serial };
    this.isReadOnly = options.isReadOnly ?? false;
    this.#isSlow = options.isSlow ?? false;
  }

  read(track: number): Promise<Uint8Array> | Uint8Array {
    if (this.broken.has(track)) throw new VfioError('EIO', 'read', `track ${track} is damaged`);
    return this.#later(this.image(track));
  }

  write(track: number, image: Uint8Array): Promise<void> | void {
    if (this.broken.has('write')) throw new VfioError('EIO', 'write', 'the disk is broken');
    if (this.isReadOnly) throw new VfioError('EROFS', 'write', 'the volume is read-only');
    this.tracks.set(track, image);
    this.written.push(track);
    return this.#later(undefined);
  }

  async flush(): Promise<void> {
    if (this.broken.has('flush')) throw new VfioError('ENOSPC', 'flush', 'the disk is full');
    this.flushes += 1;
    await Promise.resolve();
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.isClosed = true;
  }

  /** The image of a track as it is now. */
  image(track: number): Uint8Array {
    const { heads } = this.geometry;
    const image = this.tracks.get(track);
    return image ?? emptyTrack(packCchh(Math.floor(track / heads), track % heads));
  }

  #later<T>(value: T): Promise<T> | T {
    return this.#isSlow ? new Promise((resolve) => setImmediate(() => resolve(value))) : value;
  }
}
