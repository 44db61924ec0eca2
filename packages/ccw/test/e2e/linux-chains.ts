// The chains by which Linux uses a DASD, as they were seen on the way from a guest.

import { input, output, type Chain, type ChainCommand } from '../../src/client/index.ts';
import { hex } from './served.ts';

const SLI = { sli: true } as const;

/** Recognition. */
export const SENSE_ID: Chain = [input(0xe4, 40, SLI)];
export const SENSE_PATH_GROUP: Chain = [input(0x34, 12, SLI)];
/** The identifier that a host gives to its paths. */
export const PATH_GROUP = '00 1234 5678 9abc def0 1122';

/** Set Path Group ID. @param how - 80 joins with multipath, A0 disbands */
export function setPathGroup(how: string): Chain {
  return [output(0xaf, hex(how + PATH_GROUP), SLI)];
}
export const READ_CONFIGURATION: Chain = [input(0xfa, 256)];
export const READ_CHARACTERISTICS: Chain = [input(0x64, 64)];

/** Set subsystem characteristics: order 1D with 65 bytes of the host. */
export const SET_CHARACTERISTICS: Chain = [
  output(0x27, hex(`1d 00 00 00 00 00 c8 88${'00'.repeat(58)}`)),
];

/** Read Subsystem Data of a suborder. */
export function readSubsystem(suborder: string, length: number): Chain {
  return [output(0x27, hex(`18 00 00 00 00 00 ${suborder} 00 00 00 00 00`)), input(0x3e, length)];
}

/** Looks at the counts of tracks 0 and 1, from which Linux knows the layout. */
export const ANALYSIS: Chain = [
  output(0x63, hex('40c4 0000 0000 00 00 0000 0000 0000 0001')),
  output(0x47, hex('06 00 00 04 0000 0000 0000 0000 00 00 0000')),
  input(0x12, 8),
  input(0x12, 8),
  input(0x12, 8),
  input(0x12, 8),
  output(0x47, hex('06 00 00 01 0000 0001 0000 0001 00 00 0000')),
  input(0x12, 8),
];

/** CCHH of a track, in hex. */
export function cchh(track: number): string {
  return [Math.floor(track / 15), track % 15].map((half) => byteHex(half, 2)).join('');
}

function byteHex(value: number, bytes: number): string {
  return value.toString(16).padStart(2 * bytes, '0');
}

/** One-record domain that reads or writes a label with its key. */
export function label(place: LabelPlace, data?: Uint8Array): Chain {
  const { track, record, length } = place;
  const at = cchh(track);
  const [mask, operation] = data === undefined ? ['40', '06'] : ['80', '01'];
  const locate = `${operation} 80 00 01 ${at} ${at} ${byteHex(record, 1)} 0b ${byteHex(length, 2)}`;
  return [
    output(0x63, hex(`${mask}c0 0000 0000 00 00 ${at} ${at}`)),
    output(0x47, hex(locate)),
    data === undefined ? input(0x8e, length) : output(0x8d, data),
  ];
}

/** Where a label is. */
export interface LabelPlace {
  readonly track: number;
  readonly record: number;
  /** Key and data. */
  readonly length: number;
}

/** The labels of the compatible layout. */
export const LABELS: readonly LabelPlace[] = [
  { track: 0, record: 1, length: 28 },
  { track: 0, record: 2, length: 148 },
  { track: 0, record: 3, length: 84 },
  { track: 1, record: 1, length: 140 },
];

/** Define Extent and Locate Record for blocks of 4096 bytes from a block number on. */
function locateBlocks(block: number, count: number, isWrite: boolean): Chain {
  const [first, last] = [block, block + count - 1].map((one) => Math.floor(one / 12));
  const start = cchh(first ?? 0);
  const extent = `${isWrite ? '80' : '40'}c0 1000 0000 00 00 ${start} ${cchh(last ?? 0)}`;
  const place = `${start} ${start} ${byteHex((block % 12) + 1, 1)} 4d 1000`;
  return [
    output(0x63, hex(extent)),
    output(0x47, hex(`${isWrite ? '01' : '06'} 80 00 ${byteHex(count, 1)} ${place}`)),
  ];
}

/** Reads blocks behind the first two tracks. */
export function readBlocks(block: number, count: number): Chain {
  return [...locateBlocks(block, count, false), ...repeat(count, () => input(0x86, 4096))];
}

/** Writes them. */
export function writeBlocks(block: number, blocks: readonly Uint8Array[]): Chain {
  return [
    ...locateBlocks(block, blocks.length, true),
    ...blocks.map((bytes) => output(0x85, bytes)),
  ];
}

/** What dasdfmt begins with: the first record of track 0 has no data. */
export const INVALIDATE: Chain = [
  output(0x63, hex('00c4 0000 0000 00 00 0000 0000 0000 0000')),
  output(0x47, hex('03 80 00 01 0000 0000 0000 0000 00 00 0008')),
  output(0x1d, hex('0000 0000 01 00 0000'), SLI),
];

/** Tracks that dasdfmt formats in one chain. */
export const FORMATTED_AT_ONCE = 21;

/** Counts of twelve blocks for each track; key and data are zeros of the device. */
export function formatTracks(first: number, count: number): Chain {
  const [from, to] = [cchh(first), cchh(first + count - 1)];
  const records = 12 * count;
  return [
    output(0x63, hex(`00c4 1000 0000 00 04 ${from} ${to}`)),
    output(0x47, hex(`03 80 00 ${byteHex(records, 1)} ${from} ${from} 00 00 1000`)),
    ...repeat(records, (i) => {
      const [track, record] = [first + Math.floor(i / 12), i % 12];
      const isNextTrack = record === 0 && i > 0;
      const counts = `${cchh(track)} ${byteHex(record + 1, 1)} 00 1000`;
      return output(isNextTrack ? 0x9d : 0x1d, hex(counts), SLI);
    }),
  ];
}

/** What dasdfmt ends with: the records of track 0 with the labels. */
export const FORMAT_FIRST_TRACK: Chain = [
  output(0x63, hex('00c4 1000 0000 00 04 0000 0000 0000 0000')),
  output(0x47, hex('03 80 00 0c 0000 0000 0000 0000 00 00 1000')),
  ...repeat(12, (i) => {
    const sizes = ['04 0018', '04 0090', '04 0050'][i] ?? '00 1000';
    return output(0x1d, hex(`0000 0000 ${byteHex(i + 1, 1)} ${sizes}`), SLI);
  }),
];

/** The same for track 1. */
export const FORMAT_SECOND_TRACK: Chain = [
  output(0x63, hex('00c4 1000 0000 00 04 0000 0001 0000 0001')),
  output(0x47, hex('03 80 00 0c 0000 0001 0000 0001 00 00 1000')),
  ...repeat(12, (i) => output(0x1d, hex(`0000 0001 ${byteHex(i + 1, 1)} 2c 0060`), SLI)),
];

/** Releases tracks by extents, each from one track to another; all of the volume where there are none. */
export function releaseSpace(extents: ReadonlyArray<readonly [number, number]> = []): Chain {
  const scope = extents.length > 0 ? '30' : '10';
  const named = extents.map(([first, last]) => cchh(first) + cchh(last)).join('');
  const head = `81 00 ${scope}00 00 00 ${'00'.repeat(14)} ${byteHex(extents.length, 2)} 0000`;
  return [output(0xf7, hex(head + named))];
}

function repeat(count: number, make: (i: number) => ChainCommand): ChainCommand[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
