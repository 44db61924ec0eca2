// Concepts: dirty tracking as the device itself offers it (feature DMA_LOGGING). A software device writes guest
// memory through its address space only, so that its log is what the address space says it wrote.

import type { DirtySink, LogRange, VfioLogOps } from '../ops.ts';
import { DirtyPages } from './dirty-pages.ts';
import { VfioError } from '../errno.ts';
import { PAGE_SIZE } from '../uapi.ts';

/** Reports what a device has pinned for writing in a range; see `IoAddressSpace.writablePins`. */
export type WritablePins = (iova: number, length: number, sink: DirtySink) => void;

/**
 * The dirty log of one device. What a request may look like is checked by the feature dispatcher.
 *
 * The device's `DmaUser` calls {@link DmaLog.onWrite}; close and reset of the device call {@link DmaLog.clear}.
 */
export class DmaLog {
  readonly #pins: WritablePins | undefined;
  #pages: DirtyPages | undefined;
  #ranges: readonly LogRange[] = [];

  /** @param pins - without it, pages are reported when pinned and when unpinned, not between */
  constructor(pins?: WritablePins) {
    this.#pins = pins;
  }

  get isStarted(): boolean {
    return this.#pages !== undefined;
  }

  /**
   * Begins logging, with nothing dirty.
   *
   * @param ranges - do not overlap; none = everything
   * @returns the page size used: the one asked for, {@link PAGE_SIZE} at least
   * @throws `EINVAL` logging is on
   */
  start(ranges: readonly LogRange[], pageSize: number): number {
    if (this.#pages !== undefined) throw new VfioError('EINVAL', 'logStart', 'logging is on');
    this.#ranges = ranges.toSorted((a, b) => a.iova - b.iova);
    const used = Math.max(pageSize, PAGE_SIZE);
    this.#pages = new DirtyPages(used);
    return used;
  }

  /** Opposite of {@link DmaLog.start}; harmless while logging is off. */
  stop(): void {
    this.clear();
  }

  /**
   * Reports and clears what was written in a range; what is pinned for writing is in every report.
   *
   * @throws `EINVAL` logging is off
   */
  readAndClear(iova: number, length: number, dirty: DirtySink): void {
    if (this.#pages === undefined) {
      throw new VfioError('EINVAL', 'logReadAndClear', 'logging is off');
    }
    this.#pages.collect(iova, length, { set: (at, n) => this.#logged(at, n, dirty) });
    this.#pins?.(iova, length, { set: (at, n) => this.#logged(at, n, dirty) });
  }

  /** Takes a range the device wrote. */
  onWrite(iova: number, length: number): void {
    if (this.#pages !== undefined) this.#logged(iova, length, this.#pages);
  }

  /** Turns logging off and forgets everything. */
  clear(): void {
    this.#pages = undefined;
    this.#ranges = [];
  }

  /** Hands on the parts of a range that are logged. */
  #logged(iova: number, length: number, sink: DirtySink): void {
    if (this.#ranges.length === 0) {
      sink.set(iova, length);
      return;
    }
    for (let i = this.#firstEndingAfter(iova); i < this.#ranges.length; i++) {
      const range = this.#ranges[i];
      if (range === undefined || range.iova >= iova + length) return;
      const start = Math.max(range.iova, iova);
      sink.set(start, Math.min(range.iova + range.length, iova + length) - start);
    }
  }

  #firstEndingAfter(iova: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range.iova + range.length > iova) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/**
 * The callbacks of a driver whose devices each have a {@link DmaLog}.
 *
 * @param logOf - the log of a device
 */
export function dmaLogOps<T>(logOf: (device: T) => DmaLog): VfioLogOps<T> {
  return {
    logStart: (device, ranges, pageSize) => logOf(device).start(ranges, pageSize),
    logStop: (device) => logOf(device).stop(),
    logReadAndClear: (device, iova, length, dirty) =>
      logOf(device).readAndClear(iova, length, dirty),
  };
}
