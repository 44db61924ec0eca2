// Steps from block to block of an AWSTAPE file. Nothing in the file is believed: each step reads headers it has not
// read before, looks at no more than MAX_SEGMENTS of them, and says what it has found.

import { AWS_FLAG, AWS_HEADER_SIZE, awsKind, decodeAwsHeader } from './aws-header.ts';
import type { AwsHeader } from './aws-header.ts';

/** A piece of a block, as its header says. */
export interface Segment {
  /** Of the header, bytes from the start of the file. */
  readonly offset: number;
  /** Bytes of data. */
  readonly length: number;
}

/** A place between two blocks. */
export interface TapePosition {
  /** Blocks and tape marks before it. */
  readonly block: number;
  /** Bytes of file before it. */
  readonly offset: number;
  /** The piece, or mark, that ends here; `undefined` at the beginning of the tape. */
  readonly last: Segment | undefined;
}

/** The beginning of a tape. */
export const TAPE_START: TapePosition = { block: 0, offset: 0, last: undefined };

/** What is found in one step, forwards or backwards. */
export type Step =
  | {
      readonly kind: 'record';
      /** The other side of the block. */
      readonly to: TapePosition;
      readonly segments: readonly Segment[];
      readonly isCompressed: boolean;
    }
  | { readonly kind: 'mark'; readonly to: TapePosition }
  /** Nothing is there: the end of what is recorded, or the beginning of the tape. */
  | { readonly kind: 'nothing' }
  /** A block that was being written when its writer died; only at the end of a file. */
  | { readonly kind: 'torn' }
  /** What is there makes no sense. */
  | { readonly kind: 'damaged' };

/** Pieces of one block: Hercules makes them 4 KiB long or longer. */
const MAX_SEGMENTS = 1024;

/** Where headers are read. */
export interface HeaderSource {
  /** Bytes of the file. */
  readonly end: number;
  /** `length` bytes, fewer where the file ends. */
  bytes(offset: number, length: number): Promise<Uint8Array> | Uint8Array;
}

const NOTHING: Step = { kind: 'nothing' };
const TORN: Step = { kind: 'torn' };
const DAMAGED: Step = { kind: 'damaged' };

async function headerAt(source: HeaderSource, offset: number): Promise<AwsHeader | undefined> {
  if (offset < 0 || offset + AWS_HEADER_SIZE > source.end) return undefined;
  const bytes = await source.bytes(offset, AWS_HEADER_SIZE);
  return bytes.length < AWS_HEADER_SIZE ? undefined : decodeAwsHeader(bytes);
}

/** What the last bytes of a file are that are less than a header. */
async function tail(source: HeaderSource, offset: number, previous: number): Promise<Step> {
  const bytes = await source.bytes(offset, source.end - offset);
  const [, , low = previous & 0xff, high = previous >>> 8] = bytes;
  return (high << 8) + low === previous ? TORN : DAMAGED;
}

/** Finds the block behind a position. */
export async function stepForward(source: HeaderSource, from: TapePosition): Promise<Step> {
  const segments: Segment[] = [];
  let { offset, last } = from;
  let total = 0;
  let isCompressed = false;
  while (segments.length < MAX_SEGMENTS) {
    const isFirst = segments.length === 0;
    if (offset === source.end) return isFirst ? NOTHING : TORN;
    if (offset > source.end) return DAMAGED;
    const previousLength = last?.length ?? 0;
    if (offset + AWS_HEADER_SIZE > source.end) return tail(source, offset, previousLength);
    const header = await headerAt(source, offset);
    const kind = header && awsKind(header);
    if (header === undefined || kind === undefined) return DAMAGED;
    const segment = { offset, length: header.length };
    const next = offset + AWS_HEADER_SIZE + header.length;
    if (kind === 'mark') {
      if (!isFirst) return DAMAGED;
      return { kind, to: { block: from.block + 1, offset: next, last: segment } };
    }
    if (((header.flags & AWS_FLAG.NEW_RECORD) !== 0) !== isFirst) return DAMAGED;
    if (next > source.end) return header.previousLength === previousLength ? TORN : DAMAGED;
    segments.push(segment);
    total += header.length;
    isCompressed ||= (header.flags & AWS_FLAG.COMPRESSED) !== 0;
    last = segment;
    offset = next;
    if ((header.flags & AWS_FLAG.END_OF_RECORD) !== 0) {
      const to = { block: from.block + 1, offset, last };
      return total === 0 ? DAMAGED : { kind: 'record', to, segments, isCompressed };
    }
  }
  return DAMAGED;
}

/** The place before a header, as the header has it. */
function placeBefore(block: number, offset: number, { previousLength }: AwsHeader): TapePosition {
  const before = { offset: offset - AWS_HEADER_SIZE - previousLength, length: previousLength };
  return { block, offset, last: offset === 0 ? undefined : before };
}

/** Finds the block before a position, by the lengths that the headers have of what is before them. */
export async function stepBackward(source: HeaderSource, from: TapePosition): Promise<Step> {
  const segments: Segment[] = [];
  let segment = from.last;
  let isCompressed = false;
  if (segment === undefined) return NOTHING;
  while (segments.length < MAX_SEGMENTS) {
    const header: AwsHeader | undefined = await headerAt(source, segment.offset);
    const kind = header && awsKind(header);
    if (header === undefined || header.length !== segment.length) return DAMAGED;
    const isLast = segments.length === 0;
    const to = placeBefore(from.block - 1, segment.offset, header);
    // Only the first block is at the beginning.
    const isSound = (to.offset === 0) === (to.block === 0);
    if (kind === 'mark' && isLast) return isSound ? { kind, to } : DAMAGED;
    if (kind !== 'piece') return DAMAGED;
    if (((header.flags & AWS_FLAG.END_OF_RECORD) !== 0) !== isLast) return DAMAGED;
    segments.unshift(segment);
    isCompressed ||= (header.flags & AWS_FLAG.COMPRESSED) !== 0;
    if ((header.flags & AWS_FLAG.NEW_RECORD) !== 0) {
      return isSound ? { kind: 'record', to, segments, isCompressed } : DAMAGED;
    }
    if (to.last === undefined) return DAMAGED;
    segment = to.last;
  }
  return DAMAGED;
}
