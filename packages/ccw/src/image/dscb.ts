// A dataset's entry in the table of contents: DSCB of format 1 or 8, and format 3 with more extents.

import { decodeEbcdic } from '../architecture/ebcdic.ts';

/** A run of tracks, CC HH of both ends. */
export interface DatasetExtent {
  readonly first: number;
  readonly last: number;
}

/** One dataset. */
export interface Dataset {
  /** 1 to 44 characters. */
  readonly name: string;
  /** `PS`, `PO`, `DA`, `IS`, `VS`, with `U` behind where it cannot be moved; empty where the entry says none. */
  readonly organization: string;
  /** For example `FB`, `VBS`, `U`, `FBA`; empty where the entry says none. */
  readonly recordFormat: string;
  /** Bytes of a record. */
  readonly recordLength: number;
  /** Bytes of a block. */
  readonly blockSize: number;
  readonly extents: readonly DatasetExtent[];
  /** Day it was made, `YYYY-MM-DD`; empty where the entry has none. */
  readonly created: string;
}

/** Offsets within the 140 bytes of key and data. */
const AT = {
  FORMAT: 44,
  CREATED: 53,
  EXTENT_COUNT: 59,
  ORGANIZATION: 82,
  RECORD_FORMAT: 84,
  BLOCK_SIZE: 86,
  RECORD_LENGTH: 88,
  EXTENTS: 105,
} as const;

const FORMAT_1 = 0xf1;
const FORMAT_8 = 0xf8;
const EXTENT_SIZE = 10;

const ORGANIZATIONS: readonly (readonly [number, string])[] = [
  [0x0008, 'VS'],
  [0x8000, 'IS'],
  [0x4000, 'PS'],
  [0x2000, 'DA'],
  [0x0200, 'PO'],
];
const UNMOVABLE = 0x0100;

const RECORD_FORMATS: readonly (readonly [mask: number, value: number, text: string])[] = [
  [0xc0, 0xc0, 'U'],
  [0xc0, 0x80, 'F'],
  [0xc0, 0x40, 'V'],
  [0xe0, 0x20, 'D'],
  [0x10, 0x10, 'B'],
  [0x08, 0x08, 'S'],
  [0x04, 0x04, 'A'],
  [0x02, 0x02, 'M'],
];

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function organizationOf(bits: number): string {
  const name = ORGANIZATIONS.find(([bit]) => (bits & bit) !== 0)?.[1] ?? '';
  return (bits & UNMOVABLE) === 0 ? name : `${name}U`;
}

function recordFormatOf(bits: number): string {
  return RECORD_FORMATS.filter(([mask, value]) => (bits & mask) === value)
    .map(([, , letters]) => letters)
    .join('');
}

/** A day of 3 bytes: year since 1900, day of the year. */
function dayOf(view: DataView, at: number): string {
  const year = view.getUint8(at);
  const day = view.getUint16(at + 1);
  if (day === 0 || day > 366) return '';
  return new Date(Date.UTC(1900 + year, 0, day)).toISOString().slice(0, 10);
}

/** The extent at an offset; `undefined` where none is. */
export function decodeExtent(bytes: Uint8Array, at: number): DatasetExtent | undefined {
  const view = viewOf(bytes);
  if (view.getUint8(at) === 0) return undefined;
  return { first: view.getUint32(at + 2), last: view.getUint32(at + 6) };
}

function decodeExtents(bytes: Uint8Array, at: number, count: number): DatasetExtent[] {
  const places = Array.from({ length: count }, (_, each) => at + each * EXTENT_SIZE);
  return places.flatMap((place) => decodeExtent(bytes, place) ?? []);
}

/** The extents of a DSCB of format 3: four in its key, nine in its data. */
export function decodeMoreExtents(dscb: Uint8Array): readonly DatasetExtent[] {
  return [...decodeExtents(dscb, 4, 4), ...decodeExtents(dscb, 45, 9)];
}

/** A dataset, with the extents its own entry has; `undefined` where the DSCB is none of a dataset. */
export function decodeDataset(dscb: Uint8Array): Dataset | undefined {
  const format = dscb[AT.FORMAT];
  if (format !== FORMAT_1 && format !== FORMAT_8) return undefined;
  const view = viewOf(dscb);
  return {
    name: decodeEbcdic(dscb.subarray(0, AT.FORMAT)).trimEnd(),
    organization: organizationOf(view.getUint16(AT.ORGANIZATION)),
    recordFormat: recordFormatOf(view.getUint8(AT.RECORD_FORMAT)),
    recordLength: view.getUint16(AT.RECORD_LENGTH),
    blockSize: view.getUint16(AT.BLOCK_SIZE),
    extents: decodeExtents(dscb, AT.EXTENTS, Math.min(view.getUint8(AT.EXTENT_COUNT), 3)),
    created: dayOf(view, AT.CREATED),
  };
}
