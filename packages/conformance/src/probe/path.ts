// In what the two ways to a device legitimately differ: the kernel's rules in this process, those of vfio-user over
// a socket. Everything a statement accepts on one path only is decided here.

import type { ErrnoCode } from '@vfio-ts/core';
import type { DeviceHarness } from '../harness.ts';

/** The rules of one way to a device. */
export interface PathRules {
  /** The short answer of GET_REGION_INFO still has the CAPS flag; over vfio-user `argsz` alone tells. */
  readonly shortInfoKeepsCapsFlag: boolean;
  /** A region's offset is its place in the device's file; over vfio-user it is one in the descriptor that comes along. */
  readonly offsetIsInDeviceFile: boolean;
  /** Data of SET_IRQS is bounded by argsz; over vfio-user the message has a length of its own. */
  readonly irqDataFitsArgsz: boolean;
  /** The flags of MAP_DMA besides READ and WRITE that do not exist. */
  readonly unknownMapFlags: readonly number[];
  /** What a map of a range that is mapped just so gives; a server takes the repeat for what it is. */
  readonly repeatedMap: readonly (ErrnoCode | 'ok')[];
  /** What an unmap of no bytes gives: it names no mapping. */
  readonly emptyUnmap: readonly ErrnoCode[];
  /** What an unmap of a range without a mapping gives: success of size 0, or no such mapping. */
  readonly unknownUnmap: readonly (ErrnoCode | 'ok')[];
  /** What an unmap with VADDR gives: in the kernel emulated devices keep it from happening. */
  readonly vaddrUnmap: readonly ErrnoCode[];
  /** What SET_IRQS with two actions or none gives. */
  readonly notOneAction: readonly ErrnoCode[];
  /** DMA_LOGGING_START without ranges is refused; over vfio-user it logs everything. */
  readonly loggingNeedsRanges: boolean;
  /** What a call on a closed session gives. */
  readonly closed: ErrnoCode;
}

const KERNEL: PathRules = {
  shortInfoKeepsCapsFlag: true,
  offsetIsInDeviceFile: true,
  irqDataFitsArgsz: true,
  unknownMapFlags: [4, 8, 0x8000_0000],
  repeatedMap: ['EEXIST'],
  emptyUnmap: ['EINVAL'],
  unknownUnmap: ['ok'],
  vaddrUnmap: ['EBUSY'],
  notOneAction: ['EINVAL', 'ENOTTY'],
  loggingNeedsRanges: true,
  closed: 'EBADF',
};

const VFIO_USER: PathRules = {
  shortInfoKeepsCapsFlag: false,
  offsetIsInDeviceFile: false,
  irqDataFitsArgsz: false,
  unknownMapFlags: [0x10, 0x8000_0000],
  repeatedMap: ['EEXIST', 'ok'],
  emptyUnmap: ['EINVAL', 'ENOENT'],
  unknownUnmap: ['ok', 'ENOENT'],
  vaddrUnmap: ['EINVAL'],
  notOneAction: ['EINVAL'],
  loggingNeedsRanges: false,
  closed: 'ENOTCONN',
};

/** Whether the harness's device is used through the kernel's path in this process. */
export function isInProcess(harness: Pick<DeviceHarness<object>, 'connector'>): boolean {
  return harness.connector?.isInProcess ?? true;
}

/** The rules that hold for the harness's device. */
export function pathRules(harness: Pick<DeviceHarness<object>, 'connector'>): PathRules {
  return isInProcess(harness) ? KERNEL : VFIO_USER;
}
