// Copies a channel program: its segments, each a run of CCWs in storage that chain, and where the data of each CCW is.
// Counterpart of cp_init() and cp_prefetch() (drivers/s390/cio/vfio_ccw_cp.c). The copy keeps the guest's addresses,
// so a CPA needs no translation back.

import { PAGE_SIZE, VfioError } from '@vfio-ts/core';
import {
  CCW1_ADDRESS_LIMIT,
  CCW_SIZE,
  decodeCcw0,
  decodeCcw1,
  isChained,
  isTic,
  ORB_FORMAT_CONTROL,
  toFormat1,
  type Ccw,
  type Orb,
} from '../architecture/index.ts';
import type { ChannelCcw, DataPiece } from '../channel/channel-program.ts';
import { dataPieces, type DataOptions } from './program-data.ts';
import type { GuestRead } from './guest-read.ts';

/** CCWs that a segment can have. */
export const SEGMENT_CCWS_MAX = 256;
/** Segments that a program can have. */
export const SEGMENTS_MAX = 64;
/** Pieces that the data of a program can be in, all CCWs together; blocks that adjoin are one. */
export const DATA_PIECES_MAX = 0x8000;
/** Bytes; most programs are shorter, and the kernel's 2 KiB would be copied for nothing. */
const READ_AT_ONCE = 512;
const NOTHING = new Uint8Array(0);

/** A CCW of the copy. */
class CopiedCcw implements ChannelCcw, Ccw {
  readonly address: number;
  readonly command: number;
  readonly flags: number;
  readonly count: number;
  /** Of the data, or what a TIC goes to. */
  readonly operand: number;
  data: readonly DataPiece[] = [];
  target: ChannelCcw | undefined = undefined;
  next: ChannelCcw | undefined = undefined;

  constructor(at: number, { command, flags, count, address }: Ccw) {
    this.address = at;
    this.command = command;
    this.flags = flags;
    this.count = count;
    this.operand = address;
  }
}

interface Segment {
  readonly start: number;
  readonly ccws: readonly CopiedCcw[];
}

/**
 * Copies the program of an ORB.
 *
 * @param pin - is given each range of guest memory that data can go to or come from
 * @returns its first CCW
 * @throws `EINVAL` a segment of more than {@link SEGMENT_CCWS_MAX} CCWs, an address past 31 bits; `ENOMEM` more than
 * {@link SEGMENTS_MAX} segments or {@link DATA_PIECES_MAX} pieces of data; `EINVAL`, `EPERM`, `EFAULT` guest memory
 * cannot be had
 */
export function* copyProgram(
  { control, programAddress }: Orb,
  pin: DataOptions['pin'],
): GuestRead<ChannelCcw> {
  const isFormat1 = (control & ORB_FORMAT_CONTROL) !== 0;
  const segments: Segment[] = [];
  yield* copySegments(programAddress, isFormat1, segments);
  const first = segments[0]?.ccws[0];
  if (first === undefined) throw refused('EINVAL', 'a program without CCWs');
  let left = DATA_PIECES_MAX;
  for (const { ccws } of segments) {
    left = yield* linkSegment(ccws, segments, { control, isFormat1, pin, left });
  }
  return first;
}

/**
 * Copies a segment, and those that its TICs go to.
 */
function* copySegments(start: number, isFormat1: boolean, segments: Segment[]): GuestRead<void> {
  if (segments.length >= SEGMENTS_MAX) {
    throw refused('ENOMEM', `more than ${SEGMENTS_MAX} segments`);
  }
  const ccws = yield* copySegment(start, isFormat1);
  segments.push({ start, ccws });
  for (const ccw of ccws) {
    if (!isTic(ccw) || segments.some((segment) => isInside(segment, ccw.operand))) continue;
    yield* copySegments(ccw.operand, isFormat1, segments);
  }
}

/**
 * Counterpart of `ccwchain_calc_length()`: a TIC back into the segment does not end it.
 */
function* copySegment(start: number, isFormat1: boolean): GuestRead<CopiedCcw[]> {
  // No CCW can be there: a program check when the channel gets to it.
  if (start % CCW_SIZE !== 0) return [noCcw(start)];
  const decode = isFormat1 ? decodeCcw1 : decodeFormat0;
  const ccws: CopiedCcw[] = [];
  let storage: Uint8Array = NOTHING;
  let used = 0;
  for (let isOver = false; !isOver; used += CCW_SIZE) {
    if (ccws.length === SEGMENT_CCWS_MAX) {
      throw refused('EINVAL', `more than ${SEGMENT_CCWS_MAX} CCWs at 0x${start.toString(16)}`);
    }
    const at = start + ccws.length * CCW_SIZE;
    if (used === storage.length) {
      storage = yield { iova: at, length: readable(at) };
      used = 0;
    }
    const ccw = new CopiedCcw(at, decode(storage.subarray(used)));
    ccws.push(ccw);
    const loops = isTic(ccw) && isInside({ start, ccws }, ccw.operand);
    isOver = !isChained(ccw) && !loops;
  }
  return ccws;
}

function decodeFormat0(bytes: Uint8Array): Ccw {
  return toFormat1(decodeCcw0(bytes));
}

/** A command that does not exist. */
function noCcw(at: number): CopiedCcw {
  return new CopiedCcw(at, { command: 0, flags: 0, count: 0, address: 0 });
}

/** Bytes to read at once, not past a page: memory may end there, and the program before. */
function readable(at: number): number {
  if (at >= CCW1_ADDRESS_LIMIT) {
    throw refused('EINVAL', `no CCW at 0x${at.toString(16)}: past 31 bits`);
  }
  return Math.min(READ_AT_ONCE, PAGE_SIZE - (at % PAGE_SIZE));
}

interface LinkOptions extends DataOptions {
  /** Pieces of data that the program can have more. */
  readonly left: number;
}

/**
 * Says for each CCW where its data is, what follows it, and what a TIC goes to.
 * @returns what is left of `left`
 */
function* linkSegment(
  ccws: readonly CopiedCcw[],
  segments: readonly Segment[],
  options: LinkOptions,
): GuestRead<number> {
  let previous: CopiedCcw | undefined = undefined;
  let { left } = options;
  for (const ccw of ccws) {
    if (previous !== undefined) previous.next = ccw;
    if (isTic(ccw)) ccw.target = targetOf(ccw.operand, segments);
    else ccw.data = yield* dataPieces(withAddress(ccw), previous, options);
    left -= ccw.data.length;
    if (left < 0) throw refused('ENOMEM', `more than ${DATA_PIECES_MAX} pieces of data`);
    previous = ccw;
  }
  return left;
}

function withAddress({ command, flags, count, operand }: CopiedCcw): Ccw {
  return { command, flags, count, address: operand };
}

/** The first segment that has the address counts; between two CCWs there is none, which is a program check. */
function targetOf(address: number, segments: readonly Segment[]): ChannelCcw {
  const segment = segments.find((each) => isInside(each, address));
  if (segment === undefined) throw refused('EFAULT', `no CCW at 0x${address.toString(16)}`);
  const offset = address - segment.start;
  const found = offset % CCW_SIZE === 0 ? segment.ccws[offset / CCW_SIZE] : undefined;
  return found ?? noCcw(address);
}

function isInside({ start, ccws }: Segment, address: number): boolean {
  return address >= start && address <= start + (ccws.length - 1) * CCW_SIZE;
}

function refused(code: 'EINVAL' | 'ENOMEM' | 'EFAULT', fact: string): VfioError {
  return new VfioError(code, 'copyProgram', fact);
}
