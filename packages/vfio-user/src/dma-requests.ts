// The device's accesses to memory that its client keeps to itself: DMA_READ and DMA_WRITE, which we send and the
// client answers.
//
// Concepts: an access is cut into messages of what the client takes. A window bounds the messages that wait for
// their replies; accesses beyond it wait in their order, and beyond a bound of those more are refused. An access
// that is over leaves its ids behind, taken until the late replies come.

import { VfioError, type Clock, type MessageBacking } from '@vfio-ts/core';
import { beginAccess, takeReply, type Access } from './dma-access.ts';
import { DMA_IDS, DmaWindow } from './dma-window.ts';
import {
  HEADER_ERROR,
  HEADER_SIZE,
  HEADER_TYPE_COMMAND,
  messageFlags,
  messageId,
  writeHeader,
} from './header.ts';
import {
  DMA_ACCESS_SIZE,
  PROBE_COUNT,
  encodeDmaAccess,
  type DmaLayout,
} from './messages/dma-access.ts';
import type { SessionLog } from './log.ts';
import { VFIO_USER, commandName, type Limits } from './protocol.ts';
import { ReplyBuffer } from './reply-buffer.ts';
import { COUNTED, type Counters } from './stats/counters.ts';
import type { FrameBuffer, Transport } from './transport.ts';

/** What sends DMA messages to one client. */
export interface DmaRequestsOptions {
  /** Where they go; replies are handed to {@link DmaRequests.reply}. */
  readonly transport: Transport;
  /** What time-outs are measured with; there are none without. */
  readonly timers: Clock | undefined;
  readonly log: SessionLog;
  readonly counters: Counters;
  readonly limits: Limits;
  /** Bytes of data the client takes in a message. */
  readonly maxData: number;
  readonly layout: DmaLayout | 'ask';
}

const NO_BYTES = new Uint8Array(0);

/** All accesses of one session to memory of its client. */
export class DmaRequests {
  readonly #options: DmaRequestsOptions;
  readonly #maxData: number;
  /** Unknown until the client has said. */
  #layout: DmaLayout | undefined;
  #isAsked = false;
  readonly #out = new ReplyBuffer(4096);
  readonly #window = new DmaWindow();
  readonly #accesses = new Set<Access>();
  /** Those with something left to send, oldest first. */
  readonly #unsent: Access[] = [];
  #bytes = 0;
  #lastReply = -Infinity;
  #isSending = false;
  #end: VfioError | undefined;

  constructor(options: DmaRequestsOptions) {
    this.#options = options;
    this.#maxData = Math.min(options.maxData, options.limits.maxDataXferSize);
    this.#layout = options.layout === 'ask' ? undefined : options.layout;
  }

  /** Messages whose replies are awaited, those that nobody waits for any more included. */
  get pending(): number {
    return this.#window.size;
  }

  /**
   * The memory of one mapping. An access fails with `EAGAIN` when too many wait, `ETIMEDOUT` when the client does
   * not answer, `ENOTCONN` when it is gone, `ECANCELED` when the mapping is, `EPROTO` when the reply is no good,
   * and with what the client answers.
   */
  backing(iova: number): MessageBacking {
    const mine = new Set<Access>();
    return {
      kind: 'message',
      read: (offset, into) => this.#begin(mine, iova + offset, into, false),
      write: (offset, from) => this.#begin(mine, iova + offset, from, true),
      revoke: () => {
        const gone = new VfioError('ECANCELED', 'dma', 'the mapping went away');
        for (const access of mine) this.#finish(access, gone);
        this.#send();
      },
    };
  }

  /** Takes a reply. @returns false when it answers nothing that was asked */
  reply(frame: FrameBuffer, length: number): boolean {
    const pending = this.#window.take(messageId(frame.view));
    if (pending === undefined) return false;
    const { access } = pending;
    if (access === undefined) {
      this.#learn(frame.view);
      this.#send();
      return true;
    }
    if (access.isOver) {
      this.#log(() => `late reply to ${commandName(pending.command)} thrown away`);
      return true;
    }
    this.#heard();
    access.lastReply = this.#lastReply;
    try {
      takeReply(pending, access, frame, length - HEADER_SIZE, this.#layout ?? 'specified');
      const { DMA_READ, DMA_WRITTEN } = COUNTED;
      this.#options.counters.count(access.isWrite ? DMA_WRITTEN : DMA_READ, pending.length);
      if (access.open === 0 && access.sent === access.length) this.#finish(access);
    } catch (error) {
      this.#finish(access, error);
    }
    this.#send();
    return true;
  }

  /** The transport has sent all that waited: there is room for more. */
  drained(): void {
    this.#send();
  }

  /** Ends all accesses, and every one from now on. A second call does nothing. */
  close(cause?: VfioError): void {
    if (this.#end !== undefined) return;
    const options = cause === undefined ? {} : { cause };
    this.#end = new VfioError('ENOTCONN', 'dma', 'the client is gone', options);
    for (const access of this.#accesses) this.#finish(access, this.#end);
    this.#window.clear();
  }

  #begin(mine: Set<Access>, address: number, bytes: Uint8Array, isWrite: boolean): Promise<void> {
    const refusal = this.#refusal(bytes.length);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (bytes.length === 0) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    const access = beginAccess({ address, bytes, isWrite, siblings: mine, settle });
    mine.add(access);
    this.#accesses.add(access);
    this.#bytes += access.length;
    this.#unsent.push(access);
    this.#watch(access);
    this.#send();
    return promise;
  }

  #refusal(length: number): VfioError | undefined {
    const { maxDmaAccesses, maxDmaBytes } = this.#options.limits;
    if (this.#end !== undefined) return this.#end;
    if (this.#maxData === 0) return new VfioError('EOPNOTSUPP', 'dma', 'the client takes no data');
    const count = this.#accesses.size;
    if (count >= maxDmaAccesses || (count > 0 && this.#bytes + length > maxDmaBytes)) {
      return new VfioError('EAGAIN', 'dma', `${count} accesses of ${this.#bytes} bytes wait`);
    }
    return undefined;
  }

  /** Sends as much as the window and the transport have room for. */
  #send(): void {
    // A send can end the connection, and that comes back here.
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let first = this.#next(); first !== undefined; first = this.#next()) {
        if (!this.#hasRoom(first)) break;
        if (this.#layout !== undefined) {
          this.#sendMessage(first, this.#layout);
        } else {
          this.#ask(first.address);
          break;
        }
      }
    } finally {
      this.#isSending = false;
    }
  }

  /** The oldest access with something left to send. */
  #next(): Access | undefined {
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      if (!first.isOver && first.sent < first.length) return first;
      this.#unsent.shift();
    }
    return undefined;
  }

  #hasRoom({ length, sent }: Access): boolean {
    const { maxDmaMessages, pauseAtQueuedBytes } = this.#options.limits;
    if (this.#options.transport.queuedBytes > pauseAtQueuedBytes) return false;
    const next = Math.min(this.#maxData, length - sent);
    return this.#window.hasRoom(next, maxDmaMessages);
  }

  /** Asks once which layout the client has. */
  #ask(address: number): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const id = this.#window.freeId() ?? 0;
    const command = VFIO_USER.DMA_READ;
    const size = HEADER_SIZE + DMA_ACCESS_SIZE;
    const { bytes, view } = this.#out;
    writeHeader(view, id, command, size, HEADER_TYPE_COMMAND, 0);
    encodeDmaAccess(bytes, view, HEADER_SIZE, { address, count: PROBE_COUNT }, 'specified');
    this.#window.add(id, { command, access: undefined, at: 0, length: 0 });
    this.#transmit(size);
  }

  #learn(view: DataView): void {
    const isRefused = (messageFlags(view) & HEADER_ERROR) !== 0;
    this.#layout = isRefused ? 'specified' : 'qemu';
    this.#heard();
    this.#log(() => `the layout of DMA messages is ${this.#layout}`);
  }

  #sendMessage(access: Access, layout: DmaLayout): void {
    const id = this.#window.freeId();
    if (id === undefined) {
      this.#finish(access, new VfioError('EAGAIN', 'dma', `${DMA_IDS} messages are unanswered`));
      return;
    }
    const { address, isWrite, sent: at } = access;
    const count = Math.min(this.#maxData, access.length - at);
    const command = isWrite ? VFIO_USER.DMA_WRITE : VFIO_USER.DMA_READ;
    const size = HEADER_SIZE + DMA_ACCESS_SIZE + (isWrite ? count : 0);
    this.#out.reserve(size);
    const { bytes, view } = this.#out;
    writeHeader(view, id, command, size, HEADER_TYPE_COMMAND, 0);
    const head = { address: address + at, count };
    const message = isWrite ? { ...head, data: access.bytes.subarray(at, at + count) } : head;
    encodeDmaAccess(bytes, view, HEADER_SIZE, message, layout);
    // Must precede send: the connection may end in it, and with it all that is pending.
    this.#window.add(id, { command, access, at, length: count });
    access.sent += count;
    this.#transmit(size);
  }

  #transmit(size: number): void {
    const { transport, counters } = this.#options;
    counters.count(COUNTED.BYTES_SENT, size);
    try {
      transport.send(this.#out.bytes, size);
    } catch (error) {
      transport.close(new VfioError('ENOTCONN', 'dma', 'cannot be sent', { cause: error }));
      this.close();
    }
  }

  /** The client has answered something. */
  #heard(): void {
    this.#lastReply = this.#options.timers?.now() ?? 0;
  }

  /** Begins to count the time of an access. */
  #watch(access: Access): void {
    const { timers, limits } = this.#options;
    if (timers === undefined) return;
    access.lastReply = timers.now();
    access.timer = timers.after(limits.dmaTimeout, () => this.#expire(access, timers));
  }

  /** An access times out when for so long nothing of it, or nothing of those before it, was answered. */
  #expire(access: Access, timers: Clock): void {
    const { limits } = this.#options;
    const since = access.open > 0 ? access.lastReply : Math.max(access.lastReply, this.#lastReply);
    const rest = limits.dmaTimeout - (timers.now() - since);
    if (rest > 0) {
      access.timer = timers.after(rest, () => this.#expire(access, timers));
      return;
    }
    this.#finish(access, new VfioError('ETIMEDOUT', 'dma', `no reply in ${limits.dmaTimeout} ms`));
    this.#send();
  }

  #finish(access: Access, error?: unknown): void {
    if (access.isOver) return;
    access.isOver = true;
    access.timer?.cancel();
    access.siblings.delete(access);
    this.#accesses.delete(access);
    this.#bytes -= access.length;
    this.#window.leave(access);
    access.bytes = NO_BYTES;
    access.settle(error);
    this.#options.transport.endTurn?.();
  }

  #log(message: () => string): void {
    this.#options.log.write('debug', message);
  }
}
