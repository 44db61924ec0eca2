// Two ends of a connection in one process, for tests and for tools that need no socket. It is a stream, as the
// real one is: messages are put together from whatever pieces were sent.

import { VfioError } from '@vfio-ts/core';
import type { Fd } from './fd.ts';
import { HEADER_SIZE, messageSize } from './header.ts';
import { DEFAULT_MAX_DATA_XFER_SIZE, MESSAGE_OVERHEAD } from './protocol.ts';
import type { FrameBuffer, FrameHandler, Transport } from './transport.ts';

/** How a pair behaves. */
export interface TransportPairOptions {
  /** Longest message, bytes. */
  readonly maxMessageSize?: number;
  /** When bytes arrive: soon, or only in {@link TransportPair.pump}. */
  readonly delivery?: 'microtask' | 'manual';
}

/** Two connected transports. */
export interface TransportPair {
  readonly ends: readonly [Transport, Transport];
  /** Delivers until nothing is under way. */
  pump(): void;
}

/** Connects two transports with each other. Descriptors are duplicated on their way, as a kernel does. */
export function createTransportPair(options: TransportPairOptions = {}): TransportPair {
  const max = options.maxMessageSize ?? DEFAULT_MAX_DATA_XFER_SIZE + MESSAGE_OVERHEAD;
  const soon = options.delivery !== 'manual';
  const a = new PairEnd(max, soon);
  const b = new PairEnd(max, soon);
  a.connect(b);
  b.connect(a);
  const pump = (): void => {
    while (a.deliver() || b.deliver());
  };
  return { ends: [a, b], pump };
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly fds: readonly Fd[];
}

class PairEnd implements Transport {
  readonly #frame: FrameBuffer;
  readonly #soon: boolean;
  #peer: PairEnd | undefined;
  #handler: FrameHandler | undefined;
  /** What is under way, delivered up to `#next`. */
  #incoming: (Piece | 'end')[] = [];
  #next = 0;
  #incomingBytes = 0;
  /** Bytes of the message that is being put together, and its descriptors. */
  #filled = 0;
  readonly #fds: Fd[] = [];
  #paused = false;
  #closed = false;
  #scheduled = false;

  constructor(maxMessageSize: number, soon: boolean) {
    const bytes = new Uint8Array(maxMessageSize);
    this.#frame = { bytes, view: new DataView(bytes.buffer) };
    this.#soon = soon;
  }

  connect(peer: PairEnd): void {
    this.#peer = peer;
  }

  start(handler: FrameHandler): void {
    this.#handler = handler;
    this.#schedule();
  }

  send(message: Uint8Array, length: number, fds: readonly Fd[] = []): void {
    const peer = this.#peer;
    if (this.#closed || peer === undefined || peer.#closed) {
      throw new VfioError('ENOTCONN', 'send', 'the connection is over');
    }
    peer.#receive({ bytes: message.slice(0, length), fds: fds.map((fd) => fd.dup()) });
  }

  get queuedBytes(): number {
    return this.#peer === undefined ? 0 : this.#peer.#incomingBytes;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#schedule();
  }

  close(error?: VfioError): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const piece of this.#incoming.slice(this.#next)) {
      if (piece !== 'end') closeAll(piece.fds);
    }
    closeAll(this.#fds);
    this.#forget();
    this.#incomingBytes = 0;
    if (this.#peer !== undefined) this.#peer.#receive('end');
    this.#handler?.closed(error);
  }

  /** Delivers one piece. @returns whether there was one */
  deliver(): boolean {
    if (this.#paused || this.#closed || this.#handler === undefined) return false;
    const piece = this.#incoming[this.#next];
    if (piece === undefined) return false;
    this.#next++;
    if (this.#next === this.#incoming.length) this.#forget();
    if (piece === 'end') this.#end();
    else this.#take(this.#handler, piece);
    if (this.#incomingBytes === 0 && this.#peer !== undefined) this.#peer.#drained();
    return true;
  }

  #drained(): void {
    if (!this.#closed) this.#handler?.drained?.();
  }

  #receive(piece: Piece | 'end'): void {
    if (this.#closed) return;
    this.#incoming.push(piece);
    if (piece !== 'end') this.#incomingBytes += piece.bytes.length;
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#soon || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      while (this.deliver());
    });
  }

  #take(handler: FrameHandler, { bytes, fds }: Piece): void {
    this.#incomingBytes -= bytes.length;
    this.#fds.push(...fds);
    let rest = bytes;
    while (rest.length > 0 && !this.#closed) {
      if (this.#paused) {
        this.#putBack(rest);
        return;
      }
      rest = rest.subarray(this.#fill(rest, HEADER_SIZE));
      if (this.#filled < HEADER_SIZE) return;
      const size = messageSize(this.#frame.view);
      if (size < HEADER_SIZE || size > this.#frame.bytes.length) {
        handler.malformed(this.#frame, this.#fds.splice(0));
        this.close(new VfioError('EPROTO', 'receive', `message of ${size} bytes`));
        return;
      }
      rest = rest.subarray(this.#fill(rest, size));
      if (this.#filled < size) return;
      this.#filled = 0;
      handler.frame(this.#frame, size, this.#fds.splice(0));
    }
  }

  /** Copies until the message has `upTo` bytes. @returns bytes taken from `from` */
  #fill(from: Uint8Array, upTo: number): number {
    const wanted = Math.max(0, Math.min(upTo - this.#filled, from.length));
    this.#frame.bytes.set(from.subarray(0, wanted), this.#filled);
    this.#filled += wanted;
    return wanted;
  }

  #forget(): void {
    this.#incoming = [];
    this.#next = 0;
  }

  #putBack(bytes: Uint8Array): void {
    const piece: Piece = { bytes, fds: [] };
    if (this.#next === 0) this.#incoming.unshift(piece);
    else this.#incoming[--this.#next] = piece;
    this.#incomingBytes += bytes.length;
  }

  #end(): void {
    this.close(
      this.#filled === 0
        ? undefined
        : new VfioError('ECONNRESET', 'receive', `${this.#filled} bytes into a message`),
    );
  }
}

function closeAll(fds: readonly Fd[]): void {
  for (const fd of fds) fd.close();
}
