// The first 512 bytes of a Hercules image file: identifier, then numbers in little-endian order.

import { VfioError } from '@vfio-ts/core';

/** Bytes of the header; the tracks of an uncompressed image follow. */
export const HEADER_SIZE = 512;

/** What kind of file it is. */
export type ImageKind = 'plain' | 'compressed' | 'compressed 64';

/** A decoded header. */
export interface ImageHeader {
  readonly kind: ImageKind;
  /** Tracks per cylinder, 1 to 15. */
  readonly heads: number;
  /** Bytes of a track's slot. */
  readonly trackSize: number;
  /** 0x3390 or 0x3380. */
  readonly deviceType: number;
  /** Which file of a volume in several: from 1; 0 for the only one. */
  readonly sequence: number;
  /** Last cylinder of this file; 0 in the last file and the only one. */
  readonly highestCylinder: number;
  /** 12 characters, or empty. */
  readonly serial: string;
}

const KINDS: ReadonlyMap<string, ImageKind> = new Map([
  ['CKD_P370', 'plain'],
  ['CKD_P064', 'plain'],
  ['CKD_C370', 'compressed'],
  ['CKD_C064', 'compressed 64'],
]);

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['CKD_S370', 'a shadow file, which is no volume without its base'],
  ['CKD_S064', 'a shadow file, which is no volume without its base'],
  ['FBA_C370', 'a fixed-block volume'],
  ['FBA_S370', 'a fixed-block volume'],
  ['FBA_C064', 'a fixed-block volume'],
  ['FBA_S064', 'a fixed-block volume'],
]);

/** By the low byte of the type. */
const DEVICE_TYPES: ReadonlyMap<number, number> = new Map([
  [0x90, 0x3390],
  [0x80, 0x3380],
]);

const AT = {
  IDENTIFIER: 0,
  HEADS: 8,
  TRACK_SIZE: 12,
  DEVICE_TYPE: 16,
  SEQUENCE: 17,
  HIGHEST_CYLINDER: 18,
  SERIAL: 20,
} as const;

const SERIAL_SIZE = 12;
const MAX_HEADS = 15;
/** A home address, an empty R0 and an end mark fit; and count fields cannot be much longer than the upper bound. */
const MIN_TRACK_SIZE = 512;
const MAX_TRACK_SIZE = 0x2_0000;

function ascii(bytes: Uint8Array, at: number, size: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + size));
}

/**
 * Decodes a header.
 *
 * @param path - the file, for the error
 * @throws `EINVAL` it is no header of a CKD image we can use; the text says which field
 */
export function decodeHeader(bytes: Uint8Array, path: string): ImageHeader {
  const refuse = (fact: string): VfioError =>
    new VfioError('EINVAL', 'openImage', `${path}: ${fact}`);
  if (bytes.length < HEADER_SIZE) {
    throw refuse(`${bytes.length} bytes are no CKD image, its header has ${HEADER_SIZE}`);
  }
  const identifier = ascii(bytes, AT.IDENTIFIER, 8);
  const kind = KINDS.get(identifier);
  if (kind === undefined) {
    const what = REFUSED.get(identifier) ?? 'no CKD image';
    throw refuse(`${what}: it begins with ${JSON.stringify(identifier)}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
  const heads = view.getUint32(AT.HEADS, true);
  if (heads === 0 || heads > MAX_HEADS) {
    throw refuse(`offset ${AT.HEADS}: ${heads} tracks per cylinder, not 1 to ${MAX_HEADS}`);
  }
  const trackSize = view.getUint32(AT.TRACK_SIZE, true);
  if (trackSize < MIN_TRACK_SIZE || trackSize > MAX_TRACK_SIZE) {
    const bounds = `${MIN_TRACK_SIZE} to ${MAX_TRACK_SIZE}`;
    throw refuse(`offset ${AT.TRACK_SIZE}: tracks of ${trackSize} bytes, not ${bounds}`);
  }
  const typeByte = view.getUint8(AT.DEVICE_TYPE);
  const deviceType = DEVICE_TYPES.get(typeByte);
  if (deviceType === undefined) {
    const type = typeByte.toString(16).padStart(2, '0');
    throw refuse(`offset ${AT.DEVICE_TYPE}: device type 0x33${type} is not 0x3390 or 0x3380`);
  }
  const serial = ascii(bytes, AT.SERIAL, SERIAL_SIZE);
  return {
    kind,
    heads,
    trackSize,
    deviceType,
    sequence: view.getUint8(AT.SEQUENCE),
    highestCylinder: view.getUint16(AT.HIGHEST_CYLINDER, true),
    serial: /^[\x20-\x7e]{12}$/v.test(serial) && serial.trim() !== '' ? serial : '',
  };
}

/** Makes the header of an uncompressed file. Opposite of {@link decodeHeader}. */
export function encodeHeader(header: Omit<ImageHeader, 'kind'>): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('CKD_P370'), AT.IDENTIFIER);
  view.setUint32(AT.HEADS, header.heads, true);
  view.setUint32(AT.TRACK_SIZE, header.trackSize, true);
  view.setUint8(AT.DEVICE_TYPE, header.deviceType & 0xff);
  view.setUint8(AT.SEQUENCE, header.sequence);
  view.setUint16(AT.HIGHEST_CYLINDER, header.highestCylinder, true);
  bytes.set(new TextEncoder().encode(header.serial).subarray(0, SERIAL_SIZE), AT.SERIAL);
  return bytes;
}
