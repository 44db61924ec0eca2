// Memory that several processes can map at once, as a sealed memfd.

import { VfioError } from '@vfio-ts/core';
import type { MemoryBackend, MemoryMapping, SharedMemory } from '@vfio-ts/core';
import { type Fd, OwnedFd } from './fd.ts';
import {
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  PROT_READ,
  PROT_WRITE,
} from './native/constants.ts';
import * as libc from './native/libc.ts';
import { mapShared, type NativeMemory, PAGE_SIZE } from './native/memory.ts';

/** Shared memory that has a descriptor to send to a peer. */
export interface FdMemory extends SharedMemory {
  /** Owned by the memory; a sender dups it or sends it, and never closes it. */
  readonly fd: Fd;
}

/** Largest memory that can be asked for, in bytes. */
const MAX_SIZE = 2 ** 46;

/** Shared memory over a memfd of fixed size: nobody can shrink it under a mapping. */
export class MemfdMemory implements FdMemory {
  readonly size: number;
  readonly fd: OwnedFd;
  readonly #own: NativeMemory;

  /**
   * @param name - shown in `/proc/PID/fd`
   * @param size - bytes, rounded up to the page size; pages exist once touched
   * @throws `EINVAL` size not positive or too large, `ENOMEM`, `EMFILE`
   */
  constructor(name: string, size: number) {
    if (!Number.isSafeInteger(size) || size <= 0 || size > MAX_SIZE) {
      throw new VfioError(
        'EINVAL',
        'MemfdMemory',
        `size ${size} is not in 1 to 0x${MAX_SIZE.toString(16)}`,
      );
    }
    this.size = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
    this.fd = new OwnedFd(libc.memfdCreate(name));
    try {
      libc.ftruncate(this.fd.number, this.size);
      libc.addSeals(this.fd.number, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
      this.#own = mapShared(this.fd.number, 0, this.size, PROT_READ | PROT_WRITE);
    } catch (error) {
      this.fd.close();
      throw error;
    }
  }

  get bytes(): Uint8Array {
    return this.#own.bytes;
  }

  /** @throws `EINVAL` outside the memory or not page aligned, `ENODEV` closed, `ENOMEM` */
  map(offset: number, length: number): MemoryMapping {
    if (this.fd.number < 0) throw new VfioError('ENODEV', 'map', 'the memory is closed');
    const isRange =
      Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) &&
      offset >= 0 &&
      length > 0 &&
      offset + length <= this.size;
    if (!isRange || offset % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0) {
      throw new VfioError(
        'EINVAL',
        'map',
        `offset ${offset}, length ${length} is not a range of pages within ${this.size} bytes`,
      );
    }
    return mapShared(this.fd.number, offset, length, PROT_READ | PROT_WRITE);
  }

  close(): void {
    this.#own.unmap();
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Makes memfds. */
export class MemfdBackend implements MemoryBackend {
  /** @throws `EINVAL` size not positive or too large, `ENOMEM`, `EMFILE` */
  alloc(name: string, size: number): MemfdMemory {
    return new MemfdMemory(name, size);
  }
}

/** True when memory can be given to another process. */
export function hasFd(memory: SharedMemory): memory is FdMemory {
  if (!('fd' in memory)) return false;
  const { fd } = memory;
  return typeof fd === 'object' && fd !== null && 'number' in fd && 'dup' in fd;
}
