// The DMA engine: copies, and pins that it gives back when their memory goes.

import { dmaRw, PAGE_SIZE, pinPages, unpinPages, type VfioDevice } from '@vfio-ts/core';

/** The part of a device that reaches guest memory. */
export class DmaEngine {
  readonly #vdev: VfioDevice;
  /** How often each page is pinned, by page number. */
  readonly #pins = new Map<number, number>();

  constructor(vdev: VfioDevice) {
    this.#vdev = vdev;
  }

  /** @throws as `dmaRw` */
  read(iova: number, into: Uint8Array): void {
    dmaRw(this.#vdev, iova, into, false);
  }

  /** @throws as `dmaRw` */
  write(iova: number, from: Uint8Array): void {
    dmaRw(this.#vdev, iova, from, true);
  }

  /** @throws as `pinPages` */
  pin(iova: number, npage: number, prot: number): Uint8Array[] {
    const views = pinPages(this.#vdev, iova, npage, prot);
    for (let i = 0; i < npage; i++) {
      const page = iova / PAGE_SIZE + i;
      this.#pins.set(page, (this.#pins.get(page) ?? 0) + 1);
    }
    return views;
  }

  /** Opposite of {@link DmaEngine.pin}. */
  unpin(iova: number, npage: number): void {
    for (let i = 0; i < npage; i++) this.#unpin(iova / PAGE_SIZE + i, 1);
  }

  /** Gives back every pin in a range. */
  leave(iova: number, length: number): void {
    for (const [page, count] of this.#pins) {
      const at = page * PAGE_SIZE;
      if (at < iova + length && iova < at + PAGE_SIZE) this.#unpin(page, count);
    }
  }

  /** Gives back every pin. */
  stop(): void {
    for (const [page, count] of this.#pins) this.#unpin(page, count);
  }

  #unpin(page: number, times: number): void {
    const left = (this.#pins.get(page) ?? 0) - times;
    if (left > 0) this.#pins.set(page, left);
    else this.#pins.delete(page);
    for (let i = 0; i < times; i++) unpinPages(this.#vdev, page * PAGE_SIZE, 1);
  }
}
