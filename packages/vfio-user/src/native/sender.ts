// Who sends from one buffer over and over asks once where it is: an address is passed at less cost than a typed array.

import { VfioError } from '@vfio-ts/core';
import { type Address, addressOf } from './ffi.ts';
import * as libc from './libc.ts';

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
    return libc.sendFrom(socket, this.#address, length, flags);
  }

  /** Lets go of the buffer. */
  forget(): void {
    this.#bytes = undefined;
  }
}
