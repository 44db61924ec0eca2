// The format of a migration stream, the same for all drivers that use this codec. Little endian.
//
// Concepts: a stream is a head that says of what device it is, and a row of chunks; the last one is the end. A chunk
// carries the CRC-32 of everything before it and of itself, so that a chunk that is changed, missing, twice there or
// in another place is found, and so is a stream that stops early. A checksum finds accidents; against people who
// change streams on purpose, a driver checks what the chunks say, and the transport has to be a trusted one.
//
//   head:  magic 8, format u32, version u32, n u32, type n bytes of ASCII, crc u32
//   chunk: tag u32, length u32, crc u32 (over all before it, tag, length and payload), payload

import { VfioError } from '../errno.ts';

/** Of what device a stream is. */
export interface StreamIdentity {
  /** Driver and type, 1 to 64 printable ASCII characters; a stream of another type is refused. */
  readonly type: string;
  /** Version of what the chunks hold, 32 bits; a stream of another version is refused. */
  readonly version: number;
}

/** Most bytes of payload in one chunk. */
export const MAX_CHUNK_SIZE: number = 0x10_0000;

/** @internal What every stream begins with: `VFIOTSMG`. */
export const STREAM_MAGIC: readonly number[] = [0x56, 0x46, 0x49, 0x4f, 0x54, 0x53, 0x4d, 0x47];
/** @internal Version of the format itself. */
export const STREAM_FORMAT = 1;
/** @internal Tag of the last chunk, which has no payload; drivers have 1 and up. */
export const END_TAG = 0;
/** @internal Bytes of the head before the type. */
export const HEAD_SIZE = 20;
/** @internal Bytes of a chunk before the payload. */
export const CHUNK_HEADER_SIZE = 12;
/** @internal Of those, what the chunk's own checksum is taken over. */
export const CHUNK_CHECKED_SIZE = 8;
/** @internal Bytes of a checksum. */
export const CRC_SIZE = 4;
/** @internal Most bytes of a type. */
export const MAX_TYPE_SIZE = 64;

const U32_MAX = 0xffff_ffff;

/**
 * @internal The head up to its checksum.
 *
 * @throws `EINVAL` no type or no version
 */
export function encodeHead({ type, version }: StreamIdentity): Uint8Array {
  if (!/^[\u0020-\u007e]{1,64}$/u.test(type)) {
    throw new VfioError('EINVAL', 'migrationStream', `type ${JSON.stringify(type)}`);
  }
  if (!isU32(version)) throw new VfioError('EINVAL', 'migrationStream', `version ${version}`);
  const head = new Uint8Array(HEAD_SIZE + type.length);
  const view = new DataView(head.buffer);
  head.set(STREAM_MAGIC);
  view.setUint32(8, STREAM_FORMAT, true);
  view.setUint32(12, version, true);
  view.setUint32(16, type.length, true);
  for (let i = 0; i < type.length; i++) head[HEAD_SIZE + i] = type.charCodeAt(i);
  return head;
}

/** @internal Tells whether a value fits 32 bits unsigned. */
export function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= U32_MAX;
}
