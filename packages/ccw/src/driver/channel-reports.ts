// Channel reports on their way to the user: it takes them one at a time. Counterpart of vfio_ccw_queue_crw() and
// vfio_ccw_crw_region_read() (drivers/s390/cio).

import { encodeCrw, type Crw } from '../architecture/index.ts';
import { CRW_REGION_SIZE } from './layout.ts';

/** Reports that wait at most; what comes then is dropped, as when the kernel has no memory. */
export const REPORTS_MAX = 64;

/** The reports of a device, oldest first. */
export class ChannelReports {
  #waiting: Crw[] = [];

  /** Whether there is one to be taken. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Adds a report, unless too many wait. */
  add(report: Crw): void {
    if (this.#waiting.length < REPORTS_MAX) this.#waiting.push(report);
  }

  /** Takes the oldest, as the region shows it; zero where there is none. */
  take(): Uint8Array {
    const bytes = new Uint8Array(CRW_REGION_SIZE);
    const report = this.#waiting.shift();
    if (report !== undefined) bytes.set(encodeCrw(report));
    return bytes;
  }

  /** Drops all. */
  clear(): void {
    this.#waiting = [];
  }
}
