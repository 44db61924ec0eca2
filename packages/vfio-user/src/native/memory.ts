// Concepts: a mapping is shown as one ArrayBuffer made over it. Unmapping first detaches that buffer by moving
// its backing store to one nobody holds, so that every typed array over it has length 0, and then unmaps. There
// is exactly one ArrayBuffer for each mapping: a second one over the same address would survive the detach.

import { VfioError } from '@vfio-ts/core';
import { MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED } from './constants.ts';
import { MADV_DONTNEED, PROT_READ, PROT_WRITE } from './constants.ts';
import { failure } from './failure.ts';
import { type Address, isSupported, raw, viewOf } from './ffi.ts';
import { acquired, released } from './thread.ts';

/** Bytes in a page, the unit of mapping: 4096 on x86-64, up to 65536 on arm64. */
export const PAGE_SIZE: number = isSupported ? raw.getpagesize() : 4096;

/** Memory mapped into this process and taken back on `unmap`. */
export class NativeMemory {
  /** Where it is; meaningless once unmapped. */
  readonly address: Address;
  /** Bytes asked for. */
  readonly size: number;
  /** All of it; length 0 once unmapped. A write to a read-only mapping ends the process. */
  readonly bytes: Uint8Array;
  readonly #buffer: ArrayBuffer;
  #mapped = true;

  constructor(address: Address, size: number) {
    this.address = address;
    this.size = size;
    this.#buffer = viewOf(address, size);
    this.bytes = new Uint8Array(this.#buffer);
    acquired(this);
  }

  /** False once `unmap` has run. */
  get isMapped(): boolean {
    return this.#mapped;
  }

  /** Detaches every view, then gives the memory back. A second call does nothing. */
  unmap(): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    released(this);
    // Must precede munmap: from here on no view reaches the address.
    this.#buffer.transfer();
    raw.munmap(this.address, this.size);
  }

  /** Gives back the pages of `[offset, offset + length)`, which read as zero afterwards; for private memory. */
  discard(offset: number, length: number): void {
    if (this.#mapped) raw.madvise(this.address + offset, length, MADV_DONTNEED);
  }

  [Symbol.dispose](): void {
    this.unmap();
  }
}

function mapped(
  prot: number,
  flags: number,
  fd: number,
  offset: number,
  size: number,
): NativeMemory {
  if (!Number.isSafeInteger(size) || size <= 0) {
    throw new VfioError('EINVAL', 'mmap', `size ${size} cannot be mapped`);
  }
  const address = raw.mmap(0, size, prot, flags, fd, offset);
  if (address === -1) throw failure('mmap', `descriptor ${fd}, size 0x${size.toString(16)}`);
  try {
    return new NativeMemory(address, size);
  } catch (error) {
    raw.munmap(address, size);
    throw new VfioError('ENOMEM', 'mmap', 'no view over the mapping can be made', { cause: error });
  }
}

/**
 * Maps a part of a file, shared with all who map it.
 *
 * @param prot - `PROT_READ`, with `PROT_WRITE` where the file was opened for it
 * @throws `EINVAL` offset not page aligned, `EACCES` access the descriptor does not give, `ENOMEM`
 */
export function mapShared(fd: number, offset: number, size: number, prot: number): NativeMemory {
  return mapped(prot, MAP_SHARED, fd, offset, size);
}

/** Zeroed memory of this process alone; pages exist once touched. @throws `ENOMEM` */
export function mapPrivate(size: number): NativeMemory {
  return mapped(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, size);
}

/**
 * Maps a part of a file so that it can be read; what is written stays in this process.
 *
 * @throws `EINVAL` offset not page aligned, `EACCES` descriptor not opened for reading, `ENOMEM`
 */
export function mapFilePrivate(fd: number, offset: number, size: number): NativeMemory {
  return mapped(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, offset, size);
}
