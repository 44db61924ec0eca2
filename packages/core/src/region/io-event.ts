// Places of a region whose writes reach the device as signals, without a message each.

import { hex, isObject } from '../arguments.ts';
import { VfioError } from '../errno.ts';
import type { SharedMemory } from '../host.ts';
import {
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
} from '../uapi.ts';

/** Where a client stores what was written before it signals. */
export interface IoEventShadow {
  /** Stays the driver's, which closes it in `release`. */
  readonly memory: SharedMemory;
  /** Bytes from the start of `memory`. */
  readonly offset: number;
}

/** One place as the driver sets it up. Counterpart of `struct kvm_ioeventfd`. */
export interface IoEventDefinition {
  /** Bytes from the start of the region. */
  readonly offset: number;
  /** Bytes that a write has to have: 1, 2, 4 or 8; 0 for any. */
  readonly size: number;
  /** The value that a write has to have; any when left out. */
  readonly datamatch?: bigint;
  /** `KVM_IOEVENTFD_FLAG_*`; `DATAMATCH` is added with `datamatch`. */
  readonly flags?: number;
  /**
   * Which signal of the region tells the device, see `VfioDeviceOps.ioEvent`. Places with the same number share a
   * descriptor; without one there is none, and such writes reach nobody.
   */
  readonly signal?: number;
  /** Has the client store what was written, for a device that needs the value. */
  readonly shadow?: IoEventShadow;
}

/** One place that has been set up. */
export interface IoEvent {
  readonly offset: number;
  readonly size: number;
  readonly flags: number;
  readonly datamatch: bigint;
  readonly signal: number | undefined;
  readonly shadow: IoEventShadow | undefined;
}

/** The region that a place is in. */
interface Place {
  readonly index: number;
  readonly size: number;
}

const FLAGS =
  KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;
const SIZES: ReadonlySet<unknown> = new Set([0, 1, 2, 4, 8]);
const U64_END = 2n ** 64n;
/** Signals of one region: each is a descriptor of the server for each client. */
const SIGNALS_MAX = 256;

/**
 * Checks a definition and fills in what it leaves out.
 *
 * @throws `EINVAL` and says what is wrong
 */
export function ioEvent(region: Place, definition: IoEventDefinition): IoEvent {
  const fact = isObject(definition) ? wrongWith(region, definition) : 'no definition';
  if (fact !== undefined) {
    throw new VfioError('EINVAL', 'setupIoEventFd', `region ${region.index}: ${fact}`);
  }
  const { offset, size, datamatch, flags = 0, signal, shadow } = definition;
  return {
    offset,
    size,
    flags: datamatch === undefined ? flags : flags | KVM_IOEVENTFD_FLAG_DATAMATCH,
    datamatch: datamatch ?? 0n,
    signal,
    shadow,
  };
}

function wrongWith(region: Place, definition: IoEventDefinition): string | undefined {
  const { offset, size, datamatch, flags = 0, signal } = definition;
  if (!SIZES.has(size)) return `size ${String(size)} is not 0, 1, 2, 4 or 8`;
  if (!isNatural(offset) || offset + Math.max(size, 1) > region.size) {
    return `${hex(offset)}+${size} leaves it`;
  }
  if (!isNatural(flags) || (flags & ~FLAGS) !== 0) return `flags ${hex(flags)} are unknown`;
  if (datamatch === undefined && (flags & KVM_IOEVENTFD_FLAG_DATAMATCH) !== 0) {
    return 'no value to match';
  }
  if (datamatch !== undefined && !isU64(datamatch)) return 'datamatch is no 64-bit value';
  if (signal !== undefined && !(isNatural(signal) && signal < SIGNALS_MAX)) {
    return `signal ${String(signal)} is not below ${SIGNALS_MAX}`;
  }
  return wrongWithShadow(definition);
}

function wrongWithShadow({ size, signal, shadow }: IoEventDefinition): string | undefined {
  if (shadow === undefined) return undefined;
  if (!isObject(shadow) || !isObject(shadow.memory)) return 'shadow is no memory';
  if (signal === undefined) return 'shadow without a signal';
  const isInside = isNatural(shadow.offset) && shadow.offset + size <= shadow.memory.size;
  return isInside ? undefined : `shadow at ${hex(shadow.offset)} leaves its memory`;
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isU64(value: unknown): boolean {
  return typeof value === 'bigint' && value >= 0n && value < U64_END;
}
