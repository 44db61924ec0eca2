// One request and one reply over and over, on a thread that blocks: the client of every measurement here, whoever is
// at the other end.

import type { BlockingTransport } from '../../src/transport-blocking.ts';

/** A connection on which the same request always has a reply of the same size. */
export class Exchange implements Disposable {
  readonly #transport: BlockingTransport;
  readonly request: Uint8Array;
  readonly reply: Uint8Array;

  /** Takes over a connection. @param replySize - bytes of the reply */
  constructor(transport: BlockingTransport, request: Uint8Array, replySize: number) {
    this.#transport = transport;
    this.request = request;
    this.reply = new Uint8Array(replySize);
  }

  /** One round trip. @throws `ECONNRESET` the peer is gone */
  once(): void {
    this.ask(this.request, this.reply);
  }

  /** A round trip of another request, whose reply fills `reply`. @throws `ECONNRESET` the peer is gone */
  ask(request: Uint8Array, reply: Uint8Array): void {
    this.#transport.send(request, request.length);
    this.#transport.receive(reply, reply.length);
  }

  /** Sends `bytes`, to which there is no reply. @throws `EPIPE` the peer is gone */
  post(bytes: Uint8Array): void {
    this.#transport.send(bytes, bytes.length);
  }

  /** How long each of `count` round trips takes, in microseconds. */
  times(count: number): Float64Array {
    const times = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const begin = performance.now();
      this.once();
      times[i] = (performance.now() - begin) * 1000;
    }
    return times;
  }

  [Symbol.dispose](): void {
    this.#transport.close();
  }
}

/** Does something so many times. */
export function repeat(count: number, work: () => void): void {
  for (let i = 0; i < count; i++) work();
}

/** How often a second `work` was done, when it was done `count` times at once. */
export function rate(count: number, work: () => void): number {
  const begin = performance.now();
  repeat(count, work);
  return (count / (performance.now() - begin)) * 1000;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread. */
export function sleep(milliseconds: number): void {
  Atomics.wait(never, 0, 0, milliseconds);
}
