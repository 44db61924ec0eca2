// Concepts: a pin is a user's promise-to-be-told: while it lasts, an unmap asks the user first. Pins are counted
// for each user and page, so that one user cannot drop another's.

import type { LeakTracker } from '../leaks.ts';
import type { DirtySink, LogRange } from '../ops.ts';
import type { DmaUser } from './dma-user.ts';
import type { Mapping, Pinner } from './mapping.ts';
import { type PagePin, type PagePins, pagesOf, PinRun } from './page-pins.ts';
import { PAGE_SIZE } from '../uapi.ts';

/** An attached user and where it has pins. */
export class PinHolder implements Pinner {
  readonly user: DmaUser;
  /** Mappings with pins of this user. */
  readonly mappings: Set<Mapping>;
  readonly #tracker: LeakTracker | undefined;

  constructor(user: DmaUser, tracker: LeakTracker | undefined) {
    this.user = user;
    this.mappings = new Set();
    this.#tracker = tracker;
  }

  /** Pages pinned, each counted once. */
  get count(): number {
    let count = 0;
    for (const mapping of this.mappings) count += mapping.pins.get(this)?.size ?? 0;
    return count;
  }

  /** Begins a run; opposite of what the last {@link PinHolder.unpin} of its pages does. */
  startRun(iova: number, npage: number): PinRun {
    return new PinRun(this.user.name, iova, npage);
  }

  /** Pins one page of a mapping once more. */
  pin(mapping: Mapping, page: number, isWritable: boolean, run: PinRun): void {
    let pins = mapping.pins.get(this);
    if (pins === undefined) {
      pins = new Map();
      mapping.pins.set(this, pins);
      this.mappings.add(mapping);
    }
    const pin = pins.get(page);
    if (pin === undefined) {
      pins.set(page, { count: 1, isWritable, run });
      if (run.live++ === 0) this.#tracker?.add(run);
    } else {
      pin.count++;
      pin.isWritable ||= isWritable;
    }
  }

  /**
   * Unpins pages `[first, end)` of a mapping once each; those not pinned are passed over.
   *
   * @param written - gets the pages that were writable
   */
  unpin(mapping: Mapping, first: number, end: number, written: DirtySink): void {
    const pins = mapping.pins.get(this);
    if (pins === undefined) return;
    for (const page of pagesOf(pins, first, end)) {
      const pin = pins.get(page);
      if (pin === undefined) continue;
      if (pin.isWritable) written.set(page * PAGE_SIZE, PAGE_SIZE);
      if (--pin.count === 0) this.#forget(mapping, pins, page, pin);
    }
  }

  /**
   * Drops every pin in a mapping, whatever its count.
   *
   * @returns what was pinned, neighbours joined
   */
  drop(mapping: Mapping, written: DirtySink): LogRange[] {
    const pins = mapping.pins.get(this) ?? new Map<number, PagePin>();
    const dropped: { iova: number; length: number }[] = [];
    for (const [page, pin] of Array.from(pins).toSorted(([a], [b]) => a - b)) {
      const iova = page * PAGE_SIZE;
      const last = dropped.at(-1);
      if (last !== undefined && last.iova + last.length === iova) last.length += PAGE_SIZE;
      else dropped.push({ iova, length: PAGE_SIZE });
      if (pin.isWritable) written.set(iova, PAGE_SIZE);
      this.#forget(mapping, pins, page, pin);
    }
    return dropped;
  }

  /** Reports the pages pinned for writing in a range. */
  writable(iova: number, length: number, sink: DirtySink): void {
    const first = Math.floor(iova / PAGE_SIZE);
    const end = Math.ceil((iova + length) / PAGE_SIZE);
    for (const mapping of this.mappings) {
      if (mapping.end <= iova || mapping.iova >= iova + length) continue;
      const pins = mapping.pins.get(this);
      if (pins === undefined) continue;
      for (const page of pagesOf(pins, first, end)) {
        if (pins.get(page)?.isWritable === true) sink.set(page * PAGE_SIZE, PAGE_SIZE);
      }
    }
  }

  #forget(mapping: Mapping, pins: PagePins, page: number, pin: PagePin): void {
    pins.delete(page);
    if (--pin.run.live === 0) this.#tracker?.remove(pin.run);
    if (pins.size > 0) return;
    mapping.pins.delete(this);
    this.mappings.delete(mapping);
  }
}
