// A connection as the protocol sees it: whole messages and the descriptors that came with their headers.

import type { VfioError } from '@vfio-ts/core';
import type { Fd } from './fd.ts';

/** A buffer that keeps its place for the life of a transport, so that messages are decoded where they are. */
export interface FrameBuffer {
  readonly bytes: Uint8Array;
  /** Over the same memory, offset 0 at the header. */
  readonly view: DataView;
}

/** Who takes what a transport receives. */
export interface FrameHandler {
  /**
   * A whole message: `length` bytes of `frame`, header first, valid until this returns.
   *
   * @param fds - descriptors that came with the header; the handler owns them all now
   */
  frame(frame: FrameBuffer, length: number, fds: readonly Fd[]): void;
  /**
   * A header whose size is below 16 or above the limit: the stream cannot go on. The handler may still
   * send an error reply; the transport closes afterwards.
   */
  malformed(header: FrameBuffer, fds: readonly Fd[]): void;
  /** All bytes that waited for the peer have gone: {@link Transport.queuedBytes} is 0 again. */
  drained?(): void;
  /**
   * The connection is over, called once and last.
   *
   * @param error - absent when the peer closed between two messages
   */
  closed(error?: VfioError): void;
}

/** One connection. */
export interface Transport {
  /** Begins to receive. Called once. */
  start(handler: FrameHandler): void;
  /**
   * Sends `length` bytes of `message` with `fds` attached to their first byte, in one `sendmsg` where the
   * socket has room; what does not fit is kept and goes first. The bytes may be reused at once; the
   * descriptors stay the caller's.
   *
   * @throws `ENOTCONN` the connection is over
   */
  send(message: Uint8Array, length: number, fds?: readonly Fd[]): void;
  /** Bytes that wait for the peer to read. */
  readonly queuedBytes: number;
  /** Stops or resumes receiving, for backpressure. */
  pause(paused: boolean): void;
  /** Promises wait for the message that is being handled: they run before more is waited for. */
  endTurn?(): void;
  /** Ends the connection; `closed` is called before this returns. A second call does nothing. */
  close(error?: VfioError): void;
}
