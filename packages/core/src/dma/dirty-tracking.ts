// Concepts: a write to guest memory is noted twice: in the dirty pages of the address space, while these are
// tracked, and with the user who wrote, for a log of its own.

import { hex } from '../arguments.ts';
import { IOVA_LIMIT } from '../access.ts';
import { VfioError } from '../errno.ts';
import type { Logger } from '../host.ts';
import type { DirtySink } from '../ops.ts';
import { DirtyPages } from './dirty-pages.ts';
import { type DmaUser } from './dma-user.ts';
import { IovaBitmap, isPowerOfTwo } from './iova-bitmap.ts';
import { PAGE_SIZE } from '../uapi.ts';

/** What devices wrote in one address space. */
export class DirtyTracking {
  readonly #space: string;
  readonly #logger: Logger;
  #pages: DirtyPages | undefined;

  /** @param space - for log lines */
  constructor(space: string, logger: Logger) {
    this.#space = space;
    this.#logger = logger;
  }

  /** Bytes, while tracking is on. */
  get pageSize(): number | undefined {
    return this.#pages?.pageSize;
  }

  /** @throws `EINVAL` as `IoAddressSpace.startDirtyTracking` */
  start(pageSize: number): void {
    if (!isPowerOfTwo(pageSize) || pageSize < PAGE_SIZE) {
      throw new VfioError('EINVAL', 'startDirtyTracking', `page size ${pageSize}`);
    }
    this.#pages ??= new DirtyPages(pageSize);
    if (this.#pages.pageSize !== pageSize) {
      const fact = `is on with page size ${hex(this.#pages.pageSize)}`;
      throw new VfioError('EINVAL', 'startDirtyTracking', fact);
    }
  }

  /** Opposite of {@link DirtyTracking.start}; forgets what was noted. */
  stop(): void {
    this.#pages = undefined;
  }

  /** Notes a write; `user` is told where it keeps a log. */
  wrote(iova: number, length: number, user: DmaUser | undefined): void {
    this.#pages?.set(iova, length);
    try {
      user?.onWrite?.(iova, length);
    } catch (error) {
      // The write has happened, and an unmap that reports it must not stop halfway.
      this.#logger.log('error', this.#space, () => `onWrite at ${hex(iova)} threw`, error);
    }
  }

  /** Notes what `user` can have written. */
  sinkOf(user: DmaUser): DirtySink {
    return { set: (iova, length) => this.wrote(iova, length, user) };
  }

  /** Reports and clears what was written in a range; nothing while tracking is off. */
  collect(iova: number, length: number, sink?: DirtySink): void {
    this.#pages?.collect(iova, length, sink);
  }

  /**
   * {@link DirtyTracking.collect} into a bitmap.
   *
   * @throws `EINVAL` as `IoAddressSpace.readDirty`
   */
  read(iova: number, length: number, pageSize: number): IovaBitmap {
    if (this.#pages === undefined) {
      throw new VfioError('EINVAL', 'readDirty', 'dirty tracking is off');
    }
    if (!(iova >= 0 && iova + length <= IOVA_LIMIT)) {
      throw new VfioError('EINVAL', 'readDirty', `${hex(length)} bytes at ${hex(iova)}`);
    }
    const bitmap = new IovaBitmap(iova, length, pageSize);
    this.#pages.collect(iova, length, bitmap);
    return bitmap;
  }
}
