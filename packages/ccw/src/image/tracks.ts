// Tracks by number, and the checks that all kinds of image make of them.

import { VfioError } from '@vfio-ts/core';
import { measureTrack, packCchh } from '../dasd/track-image.ts';
import type { VolumeGeometry } from '../dasd/track-store.ts';
import type { ImageParts } from './parts.ts';

/** CC HH of a track by its number. */
export function cchhOfTrack(geometry: VolumeGeometry, track: number): number {
  return packCchh(Math.floor(track / geometry.heads), track % geometry.heads);
}

/** @throws `EINVAL` the volume has no such track */
export function checkTrackNumber(op: string, geometry: VolumeGeometry, track: number): void {
  const tracks = geometry.cylinders * geometry.heads;
  if (Number.isSafeInteger(track) && track >= 0 && track < tracks) return;
  throw new VfioError('EINVAL', op, `track ${track} is not one of the volume's ${tracks}`);
}

/**
 * What has a meaning of a track that was read: a view up to its end mark.
 *
 * @throws `EIO` the track is damaged
 */
export function soundTrack(geometry: VolumeGeometry, track: number, image: Uint8Array): Uint8Array {
  const length = measureTrack(image, cchhOfTrack(geometry, track), geometry.trackSize);
  if (typeof length === 'number') return image.subarray(0, length);
  const cylinder = Math.floor(track / geometry.heads);
  const place = `cylinder ${cylinder} head ${track % geometry.heads}`;
  throw new VfioError('EIO', 'read', `track ${track} (${place}) is damaged: ${length}`);
}

/** Reads a track. @throws `EIO` it cannot be read or is damaged */
export async function trackLater(parts: ImageParts, track: number): Promise<Uint8Array> {
  const slot = trackBuffer(parts.geometry.trackSize);
  await parts.readTrack(track, slot);
  return soundTrack(parts.geometry, track, slot);
}

/** Memory for a track, its contents anything. */
export function trackBuffer(size: number): Uint8Array {
  const { buffer } = Buffer.allocUnsafeSlow(size);
  return new Uint8Array(buffer, 0, size);
}
