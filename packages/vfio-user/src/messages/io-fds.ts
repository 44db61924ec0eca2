// DEVICE_GET_REGION_IO_FDS.
//
//   0 argsz  4 flags (0)  8 index  12 count (0 in a request), then for each place:
//
//   0 u64 offset  8 u64 size  16 fd index  20 type  24 flags  28 index of the shadow's fd  32 u64 offset in it
//   40 u64 datamatch
//
// These are libvfio-user's entries of 48 bytes. The specification has 40, without the shadow and with datamatch at
// 32, and computes their size from a head of 32 bytes that has 16: nobody can have followed it to the letter. The
// server sends 48, which nothing in a request could change; the reader takes both, told apart by their length.

import { VfioError, type IoEvent } from '@vfio-ts/core';
import { getU64, setU64 } from './u64.ts';

/** Bytes before the entries. */
export const IO_FDS_SIZE = 16;
/** Bytes of an entry. */
export const IO_FD_ENTRY_SIZE = 48;
const SPEC_ENTRY_SIZE = 40;
/** In place of an index: there is no descriptor. */
export const NO_FD = 0xffff_ffff;

/** What the client does on a write. */
export type IoFdType = 'ioeventfd' | 'ioregionfd' | 'shadow-ioeventfd';
/** By their numbers on the wire. */
export const IO_FD_TYPES: readonly IoFdType[] = ['ioeventfd', 'ioregionfd', 'shadow-ioeventfd'];

/** One place, with descriptors by their index in the message. */
export interface IoFdEntry {
  readonly offset: number;
  readonly size: number;
  /** `undefined`: writes there reach nobody. */
  readonly fdIndex: number | undefined;
  readonly type: IoFdType;
  /** `KVM_IOEVENTFD_FLAG_*`. */
  readonly flags: number;
  /** `datamatch` of an ioeventfd, `user_data` of an ioregionfd. */
  readonly datamatch: bigint;
  /** Where the value goes before the signal; of `'shadow-ioeventfd'`. */
  readonly shadow: { readonly fdIndex: number; readonly offset: number } | undefined;
}

/** Writes an entry. */
export function encodeIoFdEntry(
  view: DataView,
  at: number,
  place: IoEvent,
  fdIndex: number | undefined,
  shadowIndex: number | undefined,
): void {
  const type = shadowIndex === undefined ? 'ioeventfd' : 'shadow-ioeventfd';
  setU64(view, at, place.offset);
  setU64(view, at + 8, place.size);
  view.setUint32(at + 16, fdIndex ?? NO_FD, true);
  view.setUint32(at + 20, IO_FD_TYPES.indexOf(type), true);
  view.setUint32(at + 24, place.flags, true);
  view.setUint32(at + 28, shadowIndex ?? 0, true);
  setU64(view, at + 32, shadowIndex === undefined ? 0 : (place.shadow?.offset ?? 0));
  view.setBigUint64(at + 40, place.datamatch, true);
}

/**
 * Reads the entries of a reply.
 *
 * @param length - bytes of the reply's payload
 * @param fds - how many descriptors came with it
 * @throws `EPROTO` entries of another length, an unknown type, descriptors that did not come; `EINVAL` a 64-bit field
 * that does not fit
 */
export function decodeIoFdEntries(
  view: DataView,
  at: number,
  length: number,
  fds: number,
): readonly IoFdEntry[] {
  const count = view.getUint32(at + 12, true);
  if (count === 0) return [];
  const each = (length - IO_FDS_SIZE) / count;
  if (each !== IO_FD_ENTRY_SIZE && each !== SPEC_ENTRY_SIZE) {
    throw refuse(`${length - IO_FDS_SIZE} bytes of ${count} entries`);
  }
  return Array.from({ length: count }, (_, i) =>
    decodeEntry(view, at + IO_FDS_SIZE + i * each, each, fds),
  );
}

function decodeEntry(view: DataView, at: number, size: number, fds: number): IoFdEntry {
  const type = IO_FD_TYPES[view.getUint32(at + 20, true)];
  if (type === undefined) throw refuse(`type ${view.getUint32(at + 20, true)}`);
  const hasShadow = type === 'shadow-ioeventfd' && size === IO_FD_ENTRY_SIZE;
  const shadowIndex = hasShadow ? readIndex(view, at + 28, fds) : undefined;
  return {
    offset: getU64(view, at),
    size: getU64(view, at + 8),
    fdIndex: readIndex(view, at + 16, fds),
    type,
    flags: view.getUint32(at + 24, true),
    datamatch: view.getBigUint64(at + (size === IO_FD_ENTRY_SIZE ? 40 : 32), true),
    shadow:
      shadowIndex === undefined
        ? undefined
        : { fdIndex: shadowIndex, offset: getU64(view, at + 32) },
  };
}

function readIndex(view: DataView, at: number, fds: number): number | undefined {
  const index = view.getUint32(at, true);
  if (index === NO_FD) return undefined;
  if (index >= fds) throw refuse(`descriptor ${index} of ${fds}`);
  return index;
}

function refuse(fact: string): VfioError {
  return new VfioError('EPROTO', 'getRegionIoFds', fact);
}
