// Small volumes whose tracks say which version of them they are.

import { buildTrack, packCchh } from '../../src/dasd/track-image.ts';
import { encodeHeader } from '../../src/image/header.ts';

/** The shape of small volumes. */
export const SMALL = {
  heads: 2,
  trackSize: 1024,
  deviceType: 0x3390,
  sequence: 0,
  highestCylinder: 0,
  serial: '',
} as const;

/** A track with one record that has `version` all over; long, so that it can be torn. */
export function versionedTrack(track: number, version: number, size = 300): Uint8Array {
  const cchh = packCchh(Math.floor(track / SMALL.heads), track % SMALL.heads);
  const data = new Uint8Array(size + (version % 7) * 40).fill(version & 0xff);
  new DataView(data.buffer).setUint32(0, version);
  return buildTrack(cchh, [
    { number: 0, data: new Uint8Array(8) },
    { number: 1, data },
  ]);
}

/** The version of a track that {@link versionedTrack} has made; throws when it is not all the same version. */
export function versionOf(track: number, image: Uint8Array, size = 300): number {
  const version = new DataView(image.buffer, image.byteOffset).getUint32(5 + 16 + 8);
  const expected = versionedTrack(track, version, size);
  const isSame =
    expected.length === image.length && expected.every((byte, at) => byte === image[at]);
  if (!isSame) throw new Error(`track ${track} is a mixture`);
  return version;
}

/** A volume of small tracks, all of version 0. */
export function smallVolume(cylinders: number, size = 300): Uint8Array {
  const tracks = cylinders * SMALL.heads;
  const bytes = new Uint8Array(512 + tracks * SMALL.trackSize);
  bytes.set(encodeHeader(SMALL));
  for (let track = 0; track < tracks; track += 1) {
    bytes.set(versionedTrack(track, 0, size), 512 + track * SMALL.trackSize);
  }
  return bytes;
}
