// A hostile client as data: what it sends, in which pieces, and what happens to the device meanwhile.

/** Descriptors a client can send. */
export const FD_KINDS = [
  'memory',
  'shrinking',
  'event',
  'socket',
  'pipe',
  'folder',
  'null',
  'read-only',
] as const;

export type FdKind = (typeof FD_KINDS)[number];

/** One message, right or wrong. */
export interface MessageSpec {
  readonly command: number;
  /** Payload, hex. */
  readonly body: string;
  /** Type and flags of the header; 0 when left out. */
  readonly flags?: number;
  /** What the header says of the size, where that is not the truth. */
  readonly size?: number | undefined;
  readonly fds?: readonly FdKind[];
  /** How often it is sent; once when left out. */
  readonly repeat?: number | undefined;
  /** Descriptors go with the last byte, not the first. */
  readonly late?: boolean | undefined;
}

/** Messages sent in one stream, cut where `cuts` says, modulo its length. */
export interface Burst {
  readonly messages: readonly MessageSpec[];
  readonly cuts: readonly number[];
}

/** Something the device does on its own, or the client does to its memory. */
export type Poke =
  | { readonly dma: 'read' | 'write'; readonly iova: number; readonly length: number }
  | { readonly ask: 'read' | 'write'; readonly iova: number; readonly length: number }
  | { readonly pin: number; readonly pages: number }
  | { readonly trigger: number; readonly subindex: number }
  | { readonly truncate: number };

export type Step = Burst | Poke;

/** What a client answers when it is asked for memory that it does not share. */
export interface DmaAnswer {
  /** Times it is sent. */
  readonly times: number;
  readonly flags: number;
  readonly errno: number;
  /** Bytes more, or less, than the right ones. */
  readonly more: number;
  /** Added to the id, to the command and to the count. */
  readonly id: number;
  readonly command: number;
  readonly count: number;
}

export interface ServerCase {
  readonly about?: string;
  /** The first message; an ordinary VERSION when left out. */
  readonly version?: MessageSpec;
  readonly steps: readonly Step[];
  /** One after the other; the right one where there are no more. */
  readonly answers?: readonly DmaAnswer[];
}

/** A message as it goes out. */
export interface EncodedMessage {
  readonly bytes: Uint8Array;
  readonly fds: readonly FdKind[];
  readonly late: boolean;
}

/** Writes a message; the id says what reply belongs to it. */
export function encodeMessage(spec: MessageSpec, id: number): EncodedMessage {
  const body = Buffer.from(spec.body, 'hex');
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id, true);
  view.setUint16(2, spec.command, true);
  view.setUint32(4, spec.size ?? bytes.length, true);
  view.setUint32(8, spec.flags ?? 0, true);
  bytes.set(body, 16);
  return { bytes, fds: spec.fds ?? [], late: spec.late ?? false };
}

export interface Piece {
  readonly bytes: Uint8Array;
  readonly fds: readonly FdKind[];
}

/** One stream of several messages, cut into pieces. */
export function cut(messages: readonly EncodedMessage[], cuts: readonly number[]): Piece[] {
  const stream = new Uint8Array(Buffer.concat(messages.map(({ bytes }) => bytes)));
  const at = new Set(cuts.map((position) => position % stream.length));
  const ends = [...at].filter((position) => position > 0).toSorted((a, b) => a - b);
  ends.push(stream.length);
  let from = 0;
  return ends.map((to) => {
    const piece = { bytes: stream.subarray(from, to), fds: fdsWithin(messages, from, to) };
    from = to;
    return piece;
  });
}

function fdsWithin(messages: readonly EncodedMessage[], from: number, to: number): FdKind[] {
  const found: FdKind[] = [];
  let begin = 0;
  for (const { bytes, fds, late } of messages) {
    const place = late ? begin + bytes.length - 1 : begin;
    if (place >= from && place < to) found.push(...fds);
    begin += bytes.length;
  }
  return found;
}
