// Concepts: a mapping of an I/O address space stands on a backing. Mapped memory can be looked at in place and
// pinned; a file is reached by system calls that fail softly; messages ask the owner and take a round trip.

import type { SharedMemory } from '../host.ts';
import { VfioError } from '../errno.ts';

/** Guest memory mapped into this process. Offsets count from the start of the mapping. */
export interface MappedBacking {
  readonly kind: 'mapped';
  /** All bytes of the mapping; length 0 once revoked. */
  readonly bytes: Uint8Array;
  /** Detaches every view, then gives the memory back. Called once, by the address space. */
  revoke(): void;
}

/** Guest memory in a file that is not safe to map. */
export interface FileBacking {
  readonly kind: 'file';
  /** @throws `EFAULT` the file has no such bytes */
  read(offset: number, into: Uint8Array): void;
  /** @throws `EFAULT` the file has no such bytes */
  write(offset: number, from: Uint8Array): void;
  revoke(): void;
}

/** Guest memory that only its owner can reach. */
export interface MessageBacking {
  readonly kind: 'message';
  read(offset: number, into: Uint8Array): Promise<void>;
  write(offset: number, from: Uint8Array): Promise<void>;
  revoke(): void;
}

/** What stands behind one mapping of an I/O address space. */
export type DmaBacking = MappedBacking | FileBacking | MessageBacking;

/**
 * A backing over a part of shared memory, by a mapping of its own.
 *
 * @throws `EINVAL` range outside the memory or not page aligned
 */
export function mappedBacking(memory: SharedMemory, offset: number, size: number): MappedBacking {
  if (offset + size > memory.size) {
    throw new VfioError('EINVAL', 'mappedBacking', 'range is past the end of the memory');
  }
  const mapping = memory.map(offset, size);
  return {
    kind: 'mapped',
    get bytes() {
      return mapping.bytes;
    },
    revoke: () => mapping.unmap(),
  };
}
