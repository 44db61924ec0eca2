// The headers of an AWSTAPE file: each piece of a block, and each tape mark, has one before it. All else of an s390 is
// big-endian; the lengths in these headers are not.

/** Bytes of a header. */
export const AWS_HEADER_SIZE = 6;

/** Bytes that one header can announce; a longer block is split. */
export const AWS_SEGMENT_SIZE = 0xffff;

/** Bits of the first flag byte. */
export const AWS_FLAG = {
  /** The first piece of a block. */
  NEW_RECORD: 0x80,
  TAPE_MARK: 0x40,
  /** The last piece of a block. */
  END_OF_RECORD: 0x20,
  /** The piece is compressed, by zlib or bzip2: an extension, of HET files. */
  COMPRESSED: 0x03,
  UNUSED: 0x1c,
} as const;

/** What stands before a piece of a block. */
export interface AwsHeader {
  /** Bytes of the piece. */
  readonly length: number;
  /** Bytes of the piece before it in the file, by which a tape is read backwards. */
  readonly previousLength: number;
  /** {@link AWS_FLAG}. */
  readonly flags: number;
}

/** The header in the first {@link AWS_HEADER_SIZE} bytes. */
export function decodeAwsHeader(bytes: Uint8Array): AwsHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, AWS_HEADER_SIZE);
  return {
    length: view.getUint16(0, true),
    previousLength: view.getUint16(2, true),
    flags: view.getUint8(4),
  };
}

/** Opposite of {@link decodeAwsHeader}. */
export function encodeAwsHeader({ length, previousLength, flags }: AwsHeader): Uint8Array {
  const bytes = new Uint8Array(AWS_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, length, true);
  view.setUint16(2, previousLength, true);
  view.setUint8(4, flags);
  return bytes;
}

/** What a header can be of; `undefined` where its flags make no sense. */
export function awsKind({ length, flags }: AwsHeader): 'mark' | 'piece' | undefined {
  if ((flags & AWS_FLAG.UNUSED) !== 0) return undefined;
  if ((flags & AWS_FLAG.TAPE_MARK) === 0) return 'piece';
  return length === 0 && (flags & AWS_FLAG.COMPRESSED) === 0 ? 'mark' : undefined;
}

/** A block as it is written: headers and pieces in turn. */
export interface AwsBlock {
  readonly parts: readonly Uint8Array[];
  /** Bytes of all parts. */
  readonly size: number;
  /** Bytes of its last piece. */
  readonly lastLength: number;
}

/** Makes a block of data, which is copied. */
export function encodeAwsBlock(data: Uint8Array, previousLength: number): AwsBlock {
  const parts: Uint8Array[] = [];
  let before = previousLength;
  for (let at = 0; at === 0 || at < data.length; at += AWS_SEGMENT_SIZE) {
    const piece = data.slice(at, at + AWS_SEGMENT_SIZE);
    const isLast = at + piece.length === data.length;
    const flags = (at === 0 ? AWS_FLAG.NEW_RECORD : 0) | (isLast ? AWS_FLAG.END_OF_RECORD : 0);
    parts.push(encodeAwsHeader({ length: piece.length, previousLength: before, flags }), piece);
    before = piece.length;
  }
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return { parts, size, lastLength: before };
}

/** Makes a tape mark. */
export function encodeAwsMark(previousLength: number): AwsBlock {
  const header = encodeAwsHeader({ length: 0, previousLength, flags: AWS_FLAG.TAPE_MARK });
  return { parts: [header], size: AWS_HEADER_SIZE, lastLength: 0 };
}
