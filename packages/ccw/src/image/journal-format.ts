// The bytes of a journal: two slots for its header, then entries one behind the other. Numbers are big-endian.
//
// header  0 magic, 8 generation u64, 16 identity (32 bytes, SHA-256), 48 CRC-32 of the 48 bytes before it
// entry   0 magic u32, 4 generation u64, 12 sequence u32, 16 track u32, 20 length u32, 24 CRC-32 of the 24 bytes
//         before it and of the track; 28 the track's image, padded to a multiple of 4

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Bytes of one header slot; a disk writes no less as a whole. */
export const SLOT_SIZE = 4096;
/** Where the entries begin. */
export const FIRST_ENTRY: number = 2 * SLOT_SIZE;
/** Bytes of an entry before the track. */
export const ENTRY_HEADER_SIZE = 28;

const MAGIC: Uint8Array = new TextEncoder().encode('VTSCKDJ1');
const ENTRY_MAGIC = 0x5452_4b31;
const HEADER_BYTES = 52;

/** What a journal says of itself. */
export interface JournalHeader {
  /** Which filling of the journal its entries belong to, from 1. */
  readonly generation: number;
  /** SHA-256 of what names the volume. */
  readonly identity: Uint8Array;
}

/** One track in a journal. */
export interface JournalEntry {
  readonly track: number;
  readonly image: Uint8Array;
}

/** The digest of what names a volume. */
export function digestIdentity(identity: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(identity).digest());
}

/** Where the slot of a generation is: they take turns, so that the one before it is whole. */
export function slotPosition(generation: number): number {
  return (generation % 2) * SLOT_SIZE;
}

/** Makes a header; it fills its slot. */
export function encodeJournalHeader(header: JournalHeader): Uint8Array {
  const bytes = new Uint8Array(SLOT_SIZE);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setBigUint64(8, BigInt(header.generation));
  bytes.set(header.identity, 16);
  view.setUint32(48, crc32(bytes.subarray(0, 48)));
  return bytes;
}

function decodeSlot(bytes: Uint8Array): JournalHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  if (MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (view.getUint32(48) !== crc32(bytes.subarray(0, 48))) return undefined;
  return { generation: Number(view.getBigUint64(8)), identity: bytes.slice(16, 48) };
}

/** The valid header with the highest generation; `undefined` where both slots are torn or empty. */
export function decodeJournalHeader(slots: Uint8Array): JournalHeader | undefined {
  const a = decodeSlot(slots.subarray(0, SLOT_SIZE));
  const b = decodeSlot(slots.subarray(SLOT_SIZE));
  if (a === undefined || b === undefined) return a ?? b;
  return a.generation > b.generation ? a : b;
}

/** Bytes an entry for a track of `length` bytes takes. */
export function entrySize(length: number): number {
  return ENTRY_HEADER_SIZE + Math.ceil(length / 4) * 4;
}

/** Makes an entry: pieces to be written one behind the other, the track itself not copied. */
export function encodeEntry(
  generation: number,
  sequence: number,
  { track, image }: JournalEntry,
): readonly Uint8Array[] {
  const bytes = new Uint8Array(ENTRY_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ENTRY_MAGIC);
  view.setBigUint64(4, BigInt(generation));
  view.setUint32(12, sequence);
  view.setUint32(16, track);
  view.setUint32(20, image.length);
  view.setUint32(24, crc32(image, crc32(bytes.subarray(0, 24))));
  return [bytes, image, new Uint8Array(entrySize(image.length) - ENTRY_HEADER_SIZE - image.length)];
}

/** The head of an entry, for one who reads the track behind it next. */
export interface EntryHead {
  readonly track: number;
  /** Bytes of the track's image. */
  readonly length: number;
  /** Tells whether that is the image that was written. */
  matches(image: Uint8Array): boolean;
}

/** Decodes the first bytes of an entry; `undefined` where none of that generation and sequence is. */
export function decodeEntryHead(
  bytes: Uint8Array,
  generation: number,
  sequence: number,
): EntryHead | undefined {
  if (bytes.length < ENTRY_HEADER_SIZE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, ENTRY_HEADER_SIZE);
  if (view.getUint32(0) !== ENTRY_MAGIC) return undefined;
  if (view.getBigUint64(4) !== BigInt(generation) || view.getUint32(12) !== sequence) {
    return undefined;
  }
  const expected = view.getUint32(24);
  const before = crc32(bytes.subarray(0, 24));
  return {
    track: view.getUint32(16),
    length: view.getUint32(20),
    matches: (image) => crc32(image, before) === expected,
  };
}
