// Reads of what the kernel has in memory already.

import { RWF_NOWAIT } from './native/constants.ts';
import { addressOf, raw } from './native/ffi.ts';

const IOVEC_SIZE = 16;

/** Reads of files that never wait for a disk. One at a time, and for one thread. */
export class CachedReader {
  readonly #piece = new Uint8Array(IOVEC_SIZE);
  readonly #view = new DataView(this.#piece.buffer);

  /**
   * Reads what of a file is in memory, as `preadv2(2)` with `RWF_NOWAIT`.
   *
   * @param into - from which on, in memory that does not move: 64 bytes or more, or a part of such
   * @param position - bytes from the start of the file
   * @returns how many bytes were there in one piece, 0 at the end of the file; -1 where the disk has to be waited for,
   *   the file system cannot tell, or the read fails: a read that waits says how
   */
  read(fd: number, into: Uint8Array, position: number): number {
    const address = addressOf(into);
    this.#view.setUint32(0, address % 2 ** 32, true);
    this.#view.setUint32(4, Math.floor(address / 2 ** 32), true);
    this.#view.setUint32(8, into.length, true);
    return raw.preadv2(fd, this.#piece, 1, position, RWF_NOWAIT);
  }
}
