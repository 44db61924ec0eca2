// Guest memory as a running program has it: through its pinned pages, and where these cannot be had by asking the
// owner of the memory. It ends with the program: what a control unit does afterwards moves nothing.

import { dmaRw, dmaRwAsync, isErrno, PAGE_SIZE, VfioError, type VfioDevice } from '@vfio-ts/core';
import type { ChannelMemory } from '../channel/channel-program.ts';
import type { GuestPages } from './guest-pages.ts';

/** The memory of one program. */
export class ProgramMemory implements ChannelMemory {
  readonly #vdev: VfioDevice;
  readonly #pages: GuestPages;
  #isOver = false;

  constructor(vdev: VfioDevice, pages: GuestPages) {
    this.#vdev = vdev;
    this.#pages = pages;
  }

  /** `true` once the program has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Pins the pages of a range, each once for the whole program. Pages that only their owner reaches stay unpinned.
   *
   * @throws `EINVAL` not mapped; `EPERM` cannot both be read and written; `EOVERFLOW`
   */
  pin(iova: number, length: number): void {
    const end = Math.ceil((iova + length) / PAGE_SIZE);
    let first = Math.floor(iova / PAGE_SIZE);
    while (first < end) {
      let next = first;
      while (next < end && this.#pages.view(next) === undefined) next++;
      if (next > first) this.#pinRun(first, next - first);
      first = next + 1;
    }
  }

  #pinRun(first: number, npage: number): void {
    try {
      this.#pages.pin(first * PAGE_SIZE, npage);
    } catch (error) {
      if (!isErrno(error, 'EFAULT')) throw error;
    }
  }

  /** The program has ended: nothing moves any more. */
  close(): void {
    this.#isOver = true;
  }

  read(iova: number, into: Uint8Array): Promise<void> | void {
    return this.#move(iova, into, false);
  }

  write(iova: number, from: Uint8Array): Promise<void> | void {
    return this.#move(iova, from, true);
  }

  #move(iova: number, buf: Uint8Array, write: boolean): Promise<void> | void {
    if (this.#isOver) throw new VfioError('EFAULT', 'channelMemory', 'the program is over');
    if (buf.length === 0) return undefined;
    const end = iova + buf.length;
    for (let at = iova; at < end; at = nextPage(at)) {
      const view = this.#pages.view(Math.floor(at / PAGE_SIZE));
      if (view === undefined) return this.#ask(at, buf.subarray(at - iova), write);
      const offset = at % PAGE_SIZE;
      const length = Math.min(PAGE_SIZE - offset, end - at);
      if (view.length < offset + length) throw gone(at);
      if (write) view.set(buf.subarray(at - iova, at - iova + length), offset);
      else buf.set(view.subarray(offset, offset + length), at - iova);
    }
    return undefined;
  }

  #ask(iova: number, buf: Uint8Array, write: boolean): Promise<void> | void {
    try {
      dmaRw(this.#vdev, iova, buf, write);
      return undefined;
    } catch (error) {
      if (isErrno(error, 'EOPNOTSUPP')) return this.#askLater(iova, buf, write);
      throw isErrno(error, 'EPERM') ? error : gone(iova, error);
    }
  }

  async #askLater(iova: number, buf: Uint8Array, write: boolean): Promise<void> {
    try {
      await dmaRwAsync(this.#vdev, iova, buf, write);
    } catch (error) {
      throw isErrno(error, 'EPERM') ? error : gone(iova, error);
    }
    if (this.#isOver) throw new VfioError('EFAULT', 'channelMemory', 'the program is over');
  }
}

function nextPage(iova: number): number {
  return (Math.floor(iova / PAGE_SIZE) + 1) * PAGE_SIZE;
}

function gone(iova: number, cause?: unknown): VfioError {
  const fact = `guest memory at 0x${iova.toString(16)} is gone`;
  return new VfioError('EFAULT', 'channelMemory', fact, { cause });
}
