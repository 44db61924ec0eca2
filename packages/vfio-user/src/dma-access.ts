// One access of a device to memory that its client keeps to itself, and what its client's replies do to it.

import { VfioError, errnoCode, type Timer } from '@vfio-ts/core';
import { HEADER_ERROR, HEADER_SIZE, messageCommand, messageErrno, messageFlags } from './header.ts';
import {
  DMA_ACCESS_SIZE,
  dmaDataAt,
  echoesDmaAccess,
  type DmaLayout,
} from './messages/dma-access.ts';
import { commandName } from './protocol.ts';
import type { FrameBuffer } from './transport.ts';

/** What a device has asked for. */
export interface AccessRequest {
  readonly address: number;
  /** The caller's. */
  readonly bytes: Uint8Array;
  readonly isWrite: boolean;
  /** The accesses to the same mapping. */
  readonly siblings: Set<Access>;
  /** Tells the caller; called once. */
  readonly settle: (error?: unknown) => void;
}

/** An access under way. */
export interface Access extends AccessRequest {
  /** The caller's; none once the access is over. */
  bytes: Uint8Array;
  /** Bytes. */
  readonly length: number;
  /** Bytes that messages were sent for. */
  sent: number;
  /** Messages that wait for their replies, and the bytes of those. */
  open: number;
  openBytes: number;
  isOver: boolean;
  /** When a reply came last, or when it began. */
  lastReply: number;
  timer: Timer | undefined;
}

/** An access of which nothing was sent. */
export function beginAccess(request: AccessRequest): Access {
  const { length } = request.bytes;
  const counts = { sent: 0, open: 0, openBytes: 0 };
  return { ...request, length, ...counts, isOver: false, lastReply: 0, timer: undefined };
}

/** One message that waits for its reply. */
export interface PendingMessage {
  readonly command: number;
  /** Where its part of the access starts, bytes. */
  readonly at: number;
  /** Bytes of that part. */
  readonly length: number;
}

/**
 * Takes the reply to a part of an access: what was read goes to the caller's bytes.
 *
 * @param payload - bytes of it
 * @throws what the client answers, `EPROTO` a reply that is none
 */
export function takeReply(
  { command, at, length }: PendingMessage,
  access: Access,
  { bytes, view }: FrameBuffer,
  payload: number,
  layout: DmaLayout,
): void {
  const name = commandName(command);
  if (messageCommand(view) !== command) {
    throw new VfioError('EPROTO', name, `answered as ${commandName(messageCommand(view))}`);
  }
  if ((messageFlags(view) & HEADER_ERROR) !== 0) {
    const errno = messageErrno(view);
    throw new VfioError(errnoCode(errno) ?? 'EIO', name, `the client refused, errno ${errno}`);
  }
  if (access.isWrite && payload === 0 && layout === 'qemu') return;
  const expected = DMA_ACCESS_SIZE + (access.isWrite ? 0 : length);
  if (payload < expected) {
    throw new VfioError('EPROTO', name, `reply payload of ${payload} bytes, not ${expected}`);
  }
  const head = { address: access.address + at, count: length };
  if (!echoesDmaAccess(view, HEADER_SIZE, head, layout)) {
    throw new VfioError('EPROTO', name, 'the reply is about another access');
  }
  if (access.isWrite) return;
  const from = HEADER_SIZE + dmaDataAt(layout);
  access.bytes.set(bytes.subarray(from, from + length), at);
}
