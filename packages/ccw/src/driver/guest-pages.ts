// The guest pages that the program under way stands on: pinned from its start to its end, so that the core says
// before they go.

import {
  PAGE_SIZE,
  pinPages,
  unpinPages,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  type VfioDevice,
} from '@vfio-ts/core';

const READ_WRITE = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;

interface PinnedPage {
  readonly view: Uint8Array;
  count: number;
}

/** The pinned pages of a device. */
export class GuestPages {
  readonly #vdev: VfioDevice;
  /** By page number. */
  readonly #pages: Map<number, PinnedPage> = new Map();

  constructor(vdev: VfioDevice) {
    this.#vdev = vdev;
  }

  /** A pinned page's bytes, by page number; length 0 once the memory is gone. */
  view(page: number): Uint8Array | undefined {
    return this.#pages.get(page)?.view;
  }

  /**
   * Pins pages; a page pinned twice has to be unpinned twice.
   *
   * @param iova - address of the first page
   * @returns one view for each page
   * @throws as `pinPages`; nothing is pinned then
   */
  pin(iova: number, npage: number, prot: number = READ_WRITE): Uint8Array[] {
    const views = pinPages(this.#vdev, iova, npage, prot);
    const first = Math.floor(iova / PAGE_SIZE);
    views.forEach((view, i) => {
      const pinned = this.#pages.get(first + i);
      if (pinned === undefined) this.#pages.set(first + i, { view, count: 1 });
      else pinned.count++;
    });
    return views;
  }

  /** Opposite of {@link GuestPages.pin}; pages that are not pinned are passed over. */
  unpin(iova: number, npage: number): void {
    const first = Math.floor(iova / PAGE_SIZE);
    for (let page = first; page < first + npage; page++) {
      const pinned = this.#pages.get(page);
      if (pinned === undefined) continue;
      unpinPages(this.#vdev, page * PAGE_SIZE, 1);
      pinned.count--;
      if (pinned.count === 0) this.#pages.delete(page);
    }
  }

  /** Whether a pinned page lies in a range of addresses. Counterpart of `cp_iova_pinned()`. */
  touches(iova: number, length: number): boolean {
    for (const page of this.#pages.keys()) {
      const at = page * PAGE_SIZE;
      if (at < iova + length && iova < at + PAGE_SIZE) return true;
    }
    return false;
  }

  /** Gives every page back, however often it is pinned. */
  clear(): void {
    let first = 0;
    let npage = 0;
    for (const [page, { count }] of this.#pages) {
      for (let i = 1; i < count; i++) unpinPages(this.#vdev, page * PAGE_SIZE, 1);
      // Most pages were pinned in their order: one call gives a run of them back.
      if (page !== first + npage) {
        this.#unpinRun(first, npage);
        first = page;
        npage = 0;
      }
      npage++;
    }
    this.#unpinRun(first, npage);
    this.#pages.clear();
  }

  #unpinRun(first: number, npage: number): void {
    if (npage > 0) unpinPages(this.#vdev, first * PAGE_SIZE, npage);
  }
}
