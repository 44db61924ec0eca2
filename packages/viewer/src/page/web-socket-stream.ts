// A WebSocket as a stream of bytes.

import { Duplex } from 'node:stream';
import type { Clock, Timer } from '@vfio-ts/core';
import type { RawData, WebSocket } from 'ws';

/** How often a viewer is sent something. */
export interface Pace {
  readonly clock: Clock;
  /** Milliseconds between two requests of the viewer that are passed on. */
  readonly interval: number;
}

/** Bytes of the viewer that are held back at most; a viewer sends few. */
const MAX_HELD = 2 ** 16;
/** Messages of the protocol by which a viewer says that it wants more: update request and fence. */
const UPDATE_REQUEST = 3;
const UPDATE_REQUEST_SIZE = 10;
const FENCE = 248;

/** The stream of a WebSocket that is open. */
export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #pace: Pace | undefined;
  #held: Buffer[] = [];
  #heldLength = 0;
  #timer: Timer | undefined;

  /** @param pace - slows the viewer down by passing its requests on later; it sends as many as it is answered */
  constructor(socket: WebSocket, pace?: Pace) {
    super({ autoDestroy: true });
    this.#socket = socket;
    this.#pace = pace;
    socket.on('message', (data) => this.#take(bytesOf(data)));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    if (this.#heldLength < MAX_HELD) this.#socket.resume();
  }

  override _write(
    chunk: Buffer,
    _encoding: string,
    callback: (error?: Error | null) => void,
  ): void {
    this.#socket.send(chunk, { binary: true }, callback);
  }

  override _final(callback: () => void): void {
    this.#socket.close();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#timer?.cancel();
    this.#socket.terminate();
    callback(error);
  }

  #take(bytes: Buffer): void {
    if (this.#pace === undefined || (this.#timer === undefined && !isRequest(bytes))) {
      this.#pass(bytes);
      return;
    }
    this.#held.push(bytes);
    this.#heldLength += bytes.length;
    if (this.#heldLength >= MAX_HELD) this.#socket.pause();
    this.#timer ??= this.#pace.clock.after(this.#pace.interval, () => {
      this.#timer = undefined;
      const held = this.#held;
      this.#held = [];
      this.#heldLength = 0;
      for (const one of held) this.#pass(one);
      this.#socket.resume();
    });
  }

  #pass(bytes: Buffer): void {
    if (!this.push(bytes)) this.#socket.pause();
  }
}

function isRequest(bytes: Buffer): boolean {
  return (
    (bytes[0] === UPDATE_REQUEST && bytes.length === UPDATE_REQUEST_SIZE) || bytes[0] === FENCE
  );
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
