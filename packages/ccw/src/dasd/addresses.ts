// Track addresses as commands bring them.

import { UnitCheck } from './sense.ts';
import { cylinderOf, headOf } from './track-image.ts';
import type { VolumeGeometry } from './track-store.ts';

/** CC HH at an offset as one number. */
export function cchhAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** The half-word at an offset. */
export function halfWordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** The track of a CC HH; `undefined` where the volume has none. */
export function trackOf({ cylinders, heads }: VolumeGeometry, cchh: number): number | undefined {
  const cylinder = cylinderOf(cchh);
  const head = headOf(cchh);
  return cylinder < cylinders && head < heads ? cylinder * heads + head : undefined;
}

/** The track of the CC HH at an offset of a parameter list. @throws UnitCheck the volume has none */
export function trackAt(
  geometry: VolumeGeometry,
  bytes: Uint8Array,
  at: number,
  taken: number,
): number {
  const track = trackOf(geometry, cchhAt(bytes, at));
  if (track === undefined) throw new UnitCheck('invalidParameter', taken);
  return track;
}
