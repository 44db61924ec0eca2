// Dumps of volumes in the form HDR-30, which Hercules' dasdconv takes. A dump is the tracks of the volume in their order,
// each with as many bytes as all others: a header of 48 bytes, then records from R0 on, each a header of 12 bytes (four
// zeros, and a count field), key and data, up to a multiple of four bytes; then zeros.

import { dataOf, keyOf, records } from '../../src/dasd/track-image.ts';
import type { TrackStore } from '../../src/dasd/track-store.ts';

/** A 3390-1, as the header of a track calls it. */
const DEVICE_CODE = 0x0b;

/** Bytes of a track of a 3390. */
const TRACK_SIZE = 0xe400;

const TRACK_HEADER_SIZE = 48;
const CYLINDER_OFFSET = 16;
const HEAD_OFFSET = 18;
const RESERVED_SIZE = 4;
const RECORD_HEADER_SIZE = 12;

/** The dump of one track. */
function dumpTrack(image: Uint8Array, cylinder: number, head: number): Uint8Array {
  const dump = new Uint8Array(TRACK_SIZE);
  const view = new DataView(dump.buffer);
  view.setUint16(0, DEVICE_CODE);
  view.setUint16(CYLINDER_OFFSET, cylinder);
  view.setUint16(HEAD_OFFSET, head);
  let at = TRACK_HEADER_SIZE;
  for (const record of records(image)) {
    dump.set(image.subarray(record.offset, record.keyOffset), at + RESERVED_SIZE);
    dump.set(keyOf(image, record), at + RECORD_HEADER_SIZE);
    dump.set(dataOf(image, record), at + RECORD_HEADER_SIZE + record.keyLength);
    const contents = record.keyLength + record.dataLength;
    at += RECORD_HEADER_SIZE + 4 * Math.ceil(contents / 4);
  }
  return dump;
}

/** The dump of a volume of 1113 cylinders, track by track. */
export async function* dumpVolume(store: TrackStore): AsyncGenerator<Uint8Array, void, undefined> {
  const { cylinders, heads } = store.geometry;
  for (let cylinder = 0; cylinder < cylinders; cylinder += 1) {
    for (let head = 0; head < heads; head += 1) {
      yield dumpTrack(await store.read(cylinder * heads + head), cylinder, head);
    }
  }
}
