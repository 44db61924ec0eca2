// The records of the VTOC of an empty volume. A DSCB is 44 bytes of key and 96 of data. z/OS DFSMSdfp Advanced
// Services, "Data set control block (DSCB) types".

import type { VolumeGeometry } from '../dasd/track-store.ts';

/** Bytes of a DSCB with its key. */
export const DSCB_SIZE = 140;

/** Bytes of a DSCB's key. */
export const DSCB_KEY_SIZE = 44;

/** Cylinders that the fields of a DSCB of format 4 and 5 have bits for. */
const MAX_CYLINDERS = 0xffff;

/** Bytes of a track as DS4DEVTK has them. */
const TRACK_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0x3390, 58786],
  [0x3380, 47968],
]);

/** A DSCB that is not used (format 0). */
export function unusedDscb(): Uint8Array {
  return new Uint8Array(DSCB_SIZE);
}

/** Where a VTOC is and what it has room for. */
export interface VtocShape {
  /** DSCBs of format 0. */
  readonly unused: number;
  /** DSCBs per track. */
  readonly perTrack: number;
  /** Blocks of a PDS directory per track. */
  readonly directory: number;
  /** By number, on cylinder 0. */
  readonly firstTrack: number;
  readonly lastTrack: number;
}

/** The first DSCB of a VTOC (format 4), about the volume and the VTOC itself. */
export function vtocDscb(geometry: VolumeGeometry, shape: VtocShape): Uint8Array {
  const bytes = new Uint8Array(DSCB_SIZE);
  const view = new DataView(bytes.buffer, DSCB_KEY_SIZE);
  bytes.fill(0x04, 0, DSCB_KEY_SIZE);
  view.setUint8(0, 0xf4);
  view.setUint16(6, shape.unused);
  view.setUint8(15, 1);
  view.setUint16(18, geometry.cylinders);
  view.setUint16(20, geometry.heads);
  view.setUint16(22, TRACK_LENGTHS.get(geometry.deviceType) ?? 0);
  view.setUint8(27, 0x30);
  view.setUint8(30, shape.perTrack);
  view.setUint8(31, shape.directory);
  // The extent: type, sequence number, CC HH of the first and last track.
  view.setUint8(61, 1);
  view.setUint16(65, shape.firstTrack);
  view.setUint16(69, shape.lastTrack);
  return bytes;
}

/** The DSCB of free space (format 5): all from one track of cylinder 0 to the end of the volume. */
export function freeSpaceDscb(geometry: VolumeGeometry, firstTrack: number): Uint8Array {
  const bytes = new Uint8Array(DSCB_SIZE);
  const view = new DataView(bytes.buffer);
  bytes.fill(0x05, 0, 4);
  view.setUint8(DSCB_KEY_SIZE, 0xf5);
  const tracks = geometry.cylinders * geometry.heads - firstTrack;
  if (tracks <= 0) return bytes;
  view.setUint16(4, firstTrack);
  view.setUint16(6, Math.min(Math.floor(tracks / geometry.heads), MAX_CYLINDERS));
  view.setUint8(8, tracks % geometry.heads);
  return bytes;
}
