// The volume that `dasdinit -linux` makes, and other tracks for tests.

import { buildTrack, packCchh } from '../../../src/dasd/track-image.ts';
import type { RecordContents } from '../../../src/dasd/track-image.ts';
import { MemoryStore } from './memory-store.ts';
import type { MemoryStoreOptions } from './memory-store.ts';

/** R0 of every track. */
export const R0: RecordContents = { number: 0, data: new Uint8Array(8) };

/** Bytes that differ from record to record. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_unused, at) => (seed * 31 + at * 7 + (at >> 8)) & 0xff);
}

/** A record with key and data of a pattern. */
export function record(number: number, keyLength: number, dataLength: number): RecordContents {
  const key = pattern(keyLength, number + 100);
  return { number, key, data: pattern(dataLength, number) };
}

/** Sets the records of a track behind R0. */
export function setTrack(
  store: MemoryStore,
  track: number,
  contents: readonly RecordContents[],
): void {
  const { heads } = store.geometry;
  const cchh = packCchh(Math.floor(track / heads), track % heads);
  store.tracks.set(track, buildTrack(cchh, [R0, ...contents]));
}

/** A volume in the compatible disk layout: labels, an empty table of contents, and twelve blocks a track. */
export function linuxVolume(options: MemoryStoreOptions = {}): MemoryStore {
  const store = new MemoryStore(options);
  const blocks = Array.from({ length: 12 }, (_unused, at) => at + 1);
  setTrack(store, 0, [
    record(1, 4, 24),
    record(2, 4, 144),
    record(3, 4, 80),
    ...blocks.slice(3).map((number) => record(number, 0, 4096)),
  ]);
  setTrack(
    store,
    1,
    blocks.map((number) => record(number, 44, 96)),
  );
  for (let track = 2; track < store.geometry.cylinders * store.geometry.heads; track += 1) {
    setTrack(
      store,
      track,
      blocks.map((number) => record(number, 0, 4096)),
    );
  }
  return store;
}
