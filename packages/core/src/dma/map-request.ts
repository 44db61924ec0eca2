import type { DmaBacking } from './backing.ts';

/** Where guest memory is to be reachable, and how. */
export interface IoMapRange {
  readonly iova: number;
  /** Bytes. */
  readonly size: number;
  /** `VFIO_DMA_MAP_FLAG_READ` and `_WRITE`: what the device may do. */
  readonly flags: number;
}

/** Guest memory to be made reachable. */
export interface IoMapRequest extends IoMapRange {
  /** Stands behind this mapping alone, from its offset 0. */
  readonly backing: DmaBacking;
}
