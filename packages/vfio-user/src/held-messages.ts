// Messages of a client that wait until the device has come to rest, in their order.

import { closeAll, type Fd } from './fd.ts';
import type { FrameBuffer } from './transport.ts';

/** How the device came to rest. */
export interface Rest {
  readonly failure?: { readonly error: unknown };
  /** It was waited for no longer. */
  readonly isLate?: boolean;
}

/** A copy of a message, with the descriptors that came with it. */
export interface HeldMessage {
  readonly frame: FrameBuffer;
  readonly length: number;
  readonly fds: readonly Fd[];
}

/** The messages of one session that wait. */
export class HeldMessages {
  #messages: HeldMessage[] = [];
  #bytes = 0;
  #fds = 0;
  #isWaiting = false;

  /** The first message waits for the device, and the others for it. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** How many there are. */
  get count(): number {
    return this.#messages.length;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Descriptors of all of them. */
  get fds(): number {
    return this.#fds;
  }

  /** Begins to wait for the sake of this message, which goes before all others. Takes `fds`. */
  wait(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.#isWaiting = true;
    this.#messages.unshift(copy(frame, length, fds));
    this.#bytes += length;
    this.#fds += fds.length;
  }

  /** Adds a message behind the others. Takes `fds`. */
  push(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.#messages.push(copy(frame, length, fds));
    this.#bytes += length;
    this.#fds += fds.length;
  }

  /** Opposite of {@link HeldMessages.wait}; the message is still the first. */
  resume(): void {
    this.#isWaiting = false;
  }

  /** Takes the first one; its descriptors are the caller's. */
  shift(): HeldMessage | undefined {
    const first = this.#messages.shift();
    this.#bytes -= first?.length ?? 0;
    this.#fds -= first?.fds.length ?? 0;
    return first;
  }

  /** Drops all and closes their descriptors. */
  clear(): void {
    for (const { fds } of this.#messages) closeAll(fds);
    this.#messages = [];
    this.#bytes = 0;
    this.#fds = 0;
    this.#isWaiting = false;
  }
}

function copy(frame: FrameBuffer, length: number, fds: readonly Fd[]): HeldMessage {
  const bytes = frame.bytes.slice(0, length);
  return { frame: { bytes, view: new DataView(bytes.buffer) }, length, fds };
}
