// A descriptor that is owned once and closed once.

import { VfioError } from '@vfio-ts/core';
import * as libc from './native/libc.ts';
import { acquiredFd, releasedFd } from './native/thread.ts';

/** An open file descriptor of this process with one owner. */
export interface Fd {
  /** The number; -1 once closed. */
  readonly number: number;
  /** Closes it. A second call does nothing. */
  close(): void;
  /** A second descriptor for the same file, close-on-exec. */
  dup(): Fd;
  [Symbol.dispose](): void;
}

/** A descriptor that this object owns: nobody else may close the number. */
export class OwnedFd implements Fd {
  #number: number;

  /**
   * Takes over an open descriptor.
   *
   * @throws `EBADF` a number that no descriptor has
   */
  constructor(number: number) {
    if (!Number.isInteger(number) || number < 0) {
      throw new VfioError('EBADF', 'OwnedFd', `${number} is not a descriptor`);
    }
    this.#number = number;
    acquiredFd(number);
  }

  get number(): number {
    return this.#number;
  }

  close(): void {
    if (this.#number < 0) return;
    const number = this.#number;
    // Must precede close: the number may be another file's from then on.
    this.#number = -1;
    releasedFd(number);
    libc.close(number);
  }

  /** @throws `EBADF` closed, `EMFILE` */
  dup(): OwnedFd {
    return new OwnedFd(libc.dup(this.#number));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** No descriptors, as most messages have. */
export const NO_FDS: readonly Fd[] = Object.freeze([]);

/** Closes every descriptor of a list. */
export function closeAll(fds: Iterable<Fd>): void {
  for (const fd of fds) fd.close();
}
