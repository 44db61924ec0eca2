// Concepts: which pages of a mapping are pinned. Every call that pins is one entry of the leak list, alive until
// the last page that it was first to pin is let go.

import { hex } from '../arguments.ts';
import type { LeakKind, Ticket } from '../leaks.ts';

/** How one page is pinned. */
export interface PagePin {
  /** Pins of the page. */
  count: number;
  /** One of them is for writing. */
  isWritable: boolean;
  /** The call that was first to pin it. */
  readonly run: PinRun;
}

/** Pinned pages of one user in one mapping, by page number (iova / 4096). */
export type PagePins = Map<number, PagePin>;

/** The pages that one call was first to pin. */
export class PinRun implements Ticket {
  readonly kind: LeakKind = 'pin';
  /** Pages of the run that are still pinned. */
  live: number;
  stack?: string;
  readonly #owner: string;
  readonly #iova: number;
  readonly #npage: number;

  constructor(owner: string, iova: number, npage: number) {
    this.live = 0;
    this.#owner = owner;
    this.#iova = iova;
    this.#npage = npage;
  }

  describe(): string {
    return `${this.#owner}: ${this.live} of ${this.#npage} pages pinned from ${hex(this.#iova)}`;
  }
}

/** Pages of `pins` inside `[first, end)`, by the shorter way; may name pages that are not pinned. */
export function pagesOf(pins: PagePins, first: number, end: number): number[] {
  if (end - first > pins.size) {
    return Array.from(pins.keys()).filter((page) => page >= first && page < end);
  }
  const pages: number[] = [];
  for (let page = first; page < end; page++) pages.push(page);
  return pages;
}
