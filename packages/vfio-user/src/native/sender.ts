// Who sends from one buffer over and over asks once where it is: an address is passed at less cost than a typed array.

import { VfioError } from '@vfio-ts/core';
import { MSG_NOSIGNAL } from './constants.ts';
import { failure, interrupted, WOULD_BLOCK, wouldBlock } from './failure.ts';
import { type Address, addressOf, raw } from './ffi.ts';

/** Sends, and remembers the buffer it sent from last. */
export class Sender {
  #bytes: Uint8Array | undefined;
  #address: Address = 0;

  /**
   * Sends the first `length` bytes of a buffer, which is kept alive until the next.
   *
   * @returns how many bytes went, or `WOULD_BLOCK`
   * @throws `EINVAL` the buffer has fewer, or has been detached; `EPIPE`, `ECONNRESET` the peer is gone
   */
  send(socket: number, bytes: Uint8Array, length: number, flags: number): number {
    // A buffer does not move once its address was asked for, and a detached one has no bytes.
    if (length > bytes.length) {
      throw new VfioError('EINVAL', 'send', `length ${length} of ${bytes.length} bytes`);
    }
    if (bytes !== this.#bytes) {
      this.#address = addressOf(bytes);
      this.#bytes = bytes;
    }
    for (;;) {
      const result = raw.sendFrom(socket, this.#address, length, flags | MSG_NOSIGNAL);
      if (result >= 0) return result;
      if (wouldBlock()) return WOULD_BLOCK;
      if (!interrupted()) throw failure('send', `descriptor ${socket}`);
    }
  }

  /** Lets go of the buffer. */
  forget(): void {
    this.#bytes = undefined;
  }
}
