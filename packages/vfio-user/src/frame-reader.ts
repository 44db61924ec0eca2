// vfio-user messages out of a byte stream with descriptors in it.
//
// Concepts: descriptors belong to the message whose header they came with. The kernel ends a receive after the
// segment that carried descriptors, so they belong to the last header that begins in what was received, and a
// receive must not reach from one message that may carry descriptors into another. The smallest that may has
// 36 bytes. So at most that much is asked for until the size is known, then exactly the rest: an access of four
// bytes is one system call, and nobody's descriptors go astray.

import { VfioError } from '@vfio-ts/core';
import { closeAll, type Fd, NO_FDS, OwnedFd } from './fd.ts';
import { MSG_DONTWAIT } from './native/constants.ts';
import { WOULD_BLOCK } from './native/failure.ts';
import { mapPrivate, type NativeMemory, PAGE_SIZE } from './native/memory.ts';
import { MessageBlock } from './native/message.ts';
import type { FrameBuffer } from './transport.ts';

/** Bytes of a message header. */
export const HEADER_SIZE = 16;
const SIZE_FIELD = 4;
/** Smallest message that can carry descriptors: DEVICE_SET_IRQS without data. */
const READ_AHEAD = 36;
/** A buffer that has held more than this gives the rest back when the connection is idle. */
const KEPT = 65536;

/** What one receive gave: no more to be had now, the peer closed, or bytes. */
export type ReadResult = 'empty' | 'end' | 'data';

/** Takes what a {@link FrameReader} finds. */
export interface FrameSink {
  /** A whole message; the descriptors are the sink's. */
  frame(buffer: FrameBuffer, length: number, fds: readonly Fd[]): void;
  /** A header whose size cannot be. Nothing is read afterwards. */
  malformed(buffer: FrameBuffer, fds: readonly Fd[]): void;
  /** False ends delivery: the rest stays in the buffer. */
  wantsMore(): boolean;
}

/** The receiving half of a connection. */
export class FrameReader {
  readonly #memory: NativeMemory;
  readonly #message: MessageBlock;
  readonly #buffer: FrameBuffer;
  readonly #maxSize: number;
  readonly #maxFds: number;
  #have = 0;
  #highest = 0;
  #fds: readonly Fd[] = NO_FDS;

  /**
   * @param maxSize - bytes of the largest message
   * @param maxFds - descriptors that one message may carry; more are closed
   * @throws `ENOMEM`
   */
  constructor(maxSize: number, maxFds: number) {
    this.#maxSize = maxSize;
    this.#maxFds = maxFds;
    const capacity = Math.max(maxSize, READ_AHEAD);
    // Pages exist once touched, so the largest message costs nothing until one comes.
    this.#memory = mapPrivate(PAGE_SIZE + Math.ceil(capacity / PAGE_SIZE) * PAGE_SIZE);
    this.#message = new MessageBlock(this.#memory);
    const { buffer } = this.#memory.bytes;
    this.#buffer = {
      bytes: new Uint8Array(buffer, PAGE_SIZE),
      view: new DataView(buffer, PAGE_SIZE),
    };
  }

  /** Bytes of a message that is not whole yet. */
  get pending(): number {
    return this.#have;
  }

  /** Bytes the message that is not whole yet will have; 0 while its header is not whole. */
  get expected(): number {
    return this.#have < HEADER_SIZE ? 0 : this.#buffer.view.getUint32(SIZE_FIELD, true);
  }

  /**
   * Receives once and delivers what became whole.
   *
   * @param flags - `MSG_DONTWAIT`, or 0 to wait
   * @throws `ECONNRESET`, `EMFILE` descriptors were lost
   */
  read(socket: number, flags: number, sink: FrameSink): ReadResult {
    const before = this.#have;
    if (before >= HEADER_SIZE && this.expected <= before) {
      this.deliver(sink);
      return 'data';
    }
    const want = (before < HEADER_SIZE ? READ_AHEAD : this.expected) - before;
    const into = this.#memory.address + PAGE_SIZE + before;
    const count = this.#message.receive(socket, into, want, flags);
    if (count === WOULD_BLOCK) return 'empty';
    if (this.#message.fdCount > 0 || this.#message.fdsWereLost) this.#takeFds(before);
    if (count === 0) return 'end';
    this.#have = before + count;
    if (this.#have > this.#highest) this.#highest = this.#have;
    this.deliver(sink);
    // Less than asked for means that no more is there, or that descriptors ended the receive.
    return count < want && (flags & MSG_DONTWAIT) !== 0 ? 'empty' : 'data';
  }

  #takeFds(before: number): void {
    const all: OwnedFd[] = [];
    for (let index = 0; index < this.#message.fdCount; index++) {
      all.push(new OwnedFd(this.#message.fd(index)));
    }
    if (this.#message.fdsWereLost) {
      closeAll(all);
      throw new VfioError('EMFILE', 'recvmsg', 'descriptors of the peer were lost');
    }
    // Payload carries none.
    const room = before < HEADER_SIZE ? Math.max(0, this.#maxFds - this.#fds.length) : 0;
    closeAll(all.splice(room));
    this.#fds = [...this.#fds, ...all];
  }

  /** Delivers the whole messages in the buffer, as long as the sink wants them. */
  deliver(sink: FrameSink): void {
    const { view, bytes } = this.#buffer;
    while (this.#have >= HEADER_SIZE && sink.wantsMore()) {
      const size = view.getUint32(SIZE_FIELD, true);
      if (size < HEADER_SIZE || size > this.#maxSize) {
        sink.malformed(this.#buffer, this.#giveFds());
        return;
      }
      const rest = this.#have - size;
      if (rest < 0) return;
      sink.frame(this.#buffer, size, rest === 0 ? this.#giveFds() : NO_FDS);
      // A header that began behind this message keeps the descriptors.
      if (rest > 0) bytes.copyWithin(0, size, this.#have);
      this.#have = rest;
    }
  }

  #giveFds(): readonly Fd[] {
    const fds = this.#fds;
    if (fds.length > 0) this.#fds = NO_FDS;
    return fds;
  }

  /** Gives back the memory of a large message that is over. */
  trim(): void {
    if (this.#highest <= KEPT || this.#have > KEPT) return;
    this.#highest = this.#have;
    this.#memory.discard(PAGE_SIZE + KEPT, this.#memory.size - PAGE_SIZE - KEPT);
  }

  /** Closes descriptors nobody took and detaches the buffer. */
  close(): void {
    closeAll(this.#giveFds());
    this.#memory.unmap();
  }
}
