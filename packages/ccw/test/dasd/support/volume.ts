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

const BLOCKS = Array.from({ length: 12 }, (_unused, at) => at + 1);

/** Contents that all volumes share; nothing changes them. */
const LABELS: readonly RecordContents[] = [
  record(1, 4, 24),
  record(2, 4, 144),
  record(3, 4, 80),
  ...BLOCKS.slice(3).map((number) => record(number, 0, 4096)),
];
const TABLE_OF_CONTENTS = BLOCKS.map((number) => record(number, 44, 96));
const DATA = BLOCKS.map((number) => record(number, 0, 4096));

const built = new Map<number, Uint8Array>();

/** Sets a track to contents that are the same in all volumes. */
function setShared(store: MemoryStore, track: number, contents: readonly RecordContents[]): void {
  const image = built.get(track);
  if (image === undefined) setTrack(store, track, contents);
  else store.tracks.set(track, image);
  built.set(track, store.image(track));
}

/** A volume in the compatible disk layout: labels, an empty table of contents, and twelve blocks a track. */
export function linuxVolume(options: MemoryStoreOptions = {}): MemoryStore {
  const store = new MemoryStore(options);
  setShared(store, 0, LABELS);
  setShared(store, 1, TABLE_OF_CONTENTS);
  for (let track = 2; track < store.geometry.cylinders * store.geometry.heads; track += 1) {
    setShared(store, track, DATA);
  }
  return store;
}
