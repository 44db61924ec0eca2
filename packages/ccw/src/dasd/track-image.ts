// The image of a track, as CKD image files hold it: home address, records from R0 on, end mark. A record is count
// (CC HH R KL DL), key and data. Big-endian.

import { VfioError } from '@vfio-ts/core';

/** Bytes of a home address: flag, CC, HH. */
export const HOME_ADDRESS_SIZE = 5;

/** Bytes of a count field. */
export const COUNT_SIZE = 8;

/** Bytes of the mark behind the last record, all of them FF. */
export const END_MARK_SIZE = 8;

/** Where a record is on its track's image. */
export interface TrackRecord {
  /** Where the count field is. */
  readonly offset: number;
  /** CC HH of the count field, which need not be the track's own. */
  readonly cchh: number;
  /** R of the count field, 0 to 255. */
  readonly number: number;
  readonly keyLength: number;
  readonly dataLength: number;
  /** Where the key is. */
  readonly keyOffset: number;
  /** Where the data is. */
  readonly dataOffset: number;
  /** Where the next count field is, or the end mark. */
  readonly end: number;
}

/** What a record is made of, for {@link buildTrack}. */
export interface RecordContents {
  /** CC HH of the count field; the track's own where left out. */
  readonly cchh?: number;
  /** 0 to 255. */
  readonly number: number;
  /** At most 255 bytes; none where left out. */
  readonly key?: Uint8Array;
  /** At most 65535 bytes. */
  readonly data: Uint8Array;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * CC HH of a track as one number. The bits of the cylinder that are above 16 are in the upper 12 bits of HH.
 */
export function packCchh(cylinder: number, head: number): number {
  return (cylinder & 0xffff) * 0x1_0000 + ((cylinder >>> 16) << 4) + head;
}

/** The cylinder of a CC HH. Opposite of {@link packCchh}. */
export function cylinderOf(cchh: number): number {
  return Math.floor(cchh / 0x1_0000) + ((cchh & 0xfff0) << 12);
}

/** The head of a CC HH. Opposite of {@link packCchh}. */
export function headOf(cchh: number): number {
  return cchh & 0xf;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x1_0000 + u16(bytes, at + 2);
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** CC HH of a track's home address. */
export function homeAddressOf(image: Uint8Array): number {
  return u32(image, 1);
}

/** Whether the end mark is at `offset`. */
export function isEndOfTrack(image: Uint8Array, offset: number): boolean {
  for (let at = offset; at < offset + END_MARK_SIZE; at += 1) {
    if (image[at] !== 0xff) return false;
  }
  return true;
}

/**
 * The record whose count field is at `offset`; `undefined` at the end mark.
 *
 * @throws `EIO` it runs past the image
 */
export function recordAt(image: Uint8Array, offset: number): TrackRecord | undefined {
  if (isEndOfTrack(image, offset)) return undefined;
  const keyOffset = offset + COUNT_SIZE;
  const keyLength = image[offset + 5] ?? 0;
  const dataLength = u16(image, offset + 6);
  const dataOffset = keyOffset + keyLength;
  const end = dataOffset + dataLength;
  if (end > image.length) {
    const fact = `the record at 0x${offset.toString(16)} of the track runs past its end`;
    throw new VfioError('EIO', 'recordAt', fact);
  }
  const number = image[offset + 4] ?? 0;
  const cchh = u32(image, offset);
  return { offset, cchh, number, keyLength, dataLength, keyOffset, dataOffset, end };
}

/**
 * The records of a track in their order.
 * @throws `EIO` at a record that runs past the image; the records before it have been given
 */
export function* records(image: Uint8Array): Generator<TrackRecord, void, undefined> {
  for (let offset = HOME_ADDRESS_SIZE; ;) {
    const record = recordAt(image, offset);
    if (record === undefined) return;
    yield record;
    offset = record.end;
  }
}

/** The key of a record: a view, empty where it has none. */
export function keyOf(image: Uint8Array, record: TrackRecord): Uint8Array {
  return image.subarray(record.keyOffset, record.dataOffset);
}

/** The data of a record: a view. */
export function dataOf(image: Uint8Array, record: TrackRecord): Uint8Array {
  return image.subarray(record.dataOffset, record.end);
}

/**
 * How many bytes of an image have a meaning: up to and with the end mark. A track is sound when its home address is
 * `cchh` and its records end in the mark before `limit` bytes.
 *
 * @returns the length, or what is wrong with the track
 */
export function measureTrack(image: Uint8Array, cchh: number, limit: number): number | string {
  const last = Math.min(image.length, limit);
  if (last < HOME_ADDRESS_SIZE + END_MARK_SIZE) return 'it is too short for a home address';
  if (image[0] !== 0 || homeAddressOf(image) !== cchh) {
    const found = homeAddressOf(image).toString(16).padStart(8, '0');
    return `its home address is 0x${found}, flag 0x${(image[0] ?? 0).toString(16)}`;
  }
  for (let offset = HOME_ADDRESS_SIZE; ;) {
    if (offset + END_MARK_SIZE > last) return 'it has no end mark';
    if (isEndOfTrack(image, offset)) return offset + END_MARK_SIZE;
    const next = offset + COUNT_SIZE + (image[offset + 5] ?? 0) + u16(image, offset + 6);
    if (next > last) return `the record at 0x${offset.toString(16)} runs past its end`;
    offset = next;
  }
}

/**
 * Makes a track's image: home address, the records as given (R0 is the first of them), end mark, nothing behind.
 *
 * @throws `EINVAL` a key or data is too long for a count field
 */
export function buildTrack(cchh: number, contents: readonly RecordContents[]): Uint8Array {
  let size = HOME_ADDRESS_SIZE + END_MARK_SIZE;
  for (const { key = NO_BYTES, data, number } of contents) {
    if (key.length > 0xff || data.length > 0xffff) {
      const fact = `record ${number} has ${key.length} bytes of key and ${data.length} of data`;
      throw new VfioError('EINVAL', 'buildTrack', fact);
    }
    size += COUNT_SIZE + key.length + data.length;
  }
  const image = new Uint8Array(size);
  putU32(image, 1, cchh);
  let at = HOME_ADDRESS_SIZE;
  for (const { cchh: own = cchh, number, key = NO_BYTES, data } of contents) {
    putU32(image, at, own);
    image[at + 4] = number;
    image[at + 5] = key.length;
    image[at + 6] = data.length >>> 8;
    image[at + 7] = data.length;
    image.set(key, at + COUNT_SIZE);
    image.set(data, at + COUNT_SIZE + key.length);
    at += COUNT_SIZE + key.length + data.length;
  }
  image.fill(0xff, at);
  return image;
}

/** An empty track: home address, R0 of eight zero bytes, end mark. */
export function emptyTrack(cchh: number): Uint8Array {
  return buildTrack(cchh, [{ number: 0, data: new Uint8Array(8) }]);
}
