// Concepts: a client gives its memory as descriptors. Mapping one is fast, but the client can shrink the file
// afterwards, and touching a page past the end of a file is SIGBUS, the end of this process. So only a file
// sealed against shrinking is mapped, or one of a client the operator trusts; all others are served by `pread`
// and `pwrite`, which fail softly. Those wait for the file system, which on FUSE or a network is the client or
// somebody else again: so what an untrusted client gives has to be memory, a memfd or on tmpfs or hugetlbfs.

import {
  type DmaBacking,
  type FileBacking,
  type MappedBacking,
  type MemoryMapping,
  VfioError,
} from '@vfio-ts/core';
import type { Fd } from './fd.ts';
import { hex } from './hex.ts';
import * as c from './native/constants.ts';
import { pread, pwrite } from './native/file.ts';
import * as libc from './native/libc.ts';
import { mapFilePrivate, mapShared, PAGE_SIZE } from './native/memory.ts';

/**
 * When client memory is mapped: `sealed` only what cannot shrink, `trusted` every regular file, `never` nothing.
 * All but `trusted` take only files in memory: memfds, tmpfs and hugetlbfs.
 */
export type MappingPolicy = 'sealed' | 'trusted' | 'never';

/** What the device may do with client memory. */
export interface MemoryAccess {
  readonly read: boolean;
  readonly write: boolean;
}

function checkRange(op: string, fd: Fd, offset: number, size: number): void {
  const isRange =
    Number.isSafeInteger(offset) && Number.isSafeInteger(size) && offset >= 0 && size > 0;
  if (!isRange || !Number.isSafeInteger(offset + size)) {
    throw new VfioError('EINVAL', op, `offset ${offset}, size ${size} is no range`);
  }
  if (offset % PAGE_SIZE !== 0) {
    throw new VfioError('EINVAL', op, `offset ${hex(offset)} is not page aligned`);
  }
  const status = libc.fstat(fd.number);
  if ((status.mode & c.S_IFMT) !== c.S_IFREG) {
    throw new VfioError('EINVAL', op, 'the descriptor is not of a regular file');
  }
  if (offset + size > status.size) {
    throw new VfioError(
      'EINVAL',
      op,
      `the range ends at ${hex(offset + size)}, the file at ${hex(status.size)}`,
    );
  }
}

function checkAccess(fd: Fd, access: MemoryAccess): void {
  const mode = libc.statusFlags(fd.number) & c.O_ACCMODE;
  if ((access.read && mode === c.O_WRONLY) || (access.write && mode === c.O_RDONLY)) {
    throw new VfioError(
      'EACCES',
      'mapClientMemory',
      'the descriptor was not opened for this access',
    );
  }
}

function checkFileSystem(fd: Fd): void {
  const type = libc.fileSystemType(fd.number);
  if (type === c.TMPFS_MAGIC || type === c.HUGETLBFS_MAGIC) return;
  const fact = `client memory has to be a memfd, on tmpfs or on hugetlbfs, not on ${hex(type)}`;
  throw new VfioError('EPERM', 'mapClientMemory', fact);
}

function fileBacking(fd: Fd, base: number, size: number): FileBacking {
  const transfer = (op: string, offset: number, length: number, move: () => number): void => {
    const isInside = offset >= 0 && offset + length <= size;
    if (fd.number < 0 || !isInside) {
      throw new VfioError(
        'EFAULT',
        op,
        `offset ${hex(offset)}, length ${length} is not in the range`,
      );
    }
    let moved = 0;
    try {
      moved = move();
    } catch (error) {
      throw new VfioError('EFAULT', op, 'the file of the client failed', { cause: error });
    }
    if (moved < length) throw new VfioError('EFAULT', op, 'the file of the client became shorter');
  };
  return {
    kind: 'file',
    read: (offset, into) =>
      transfer('dmaRead', offset, into.length, () => pread(fd.number, into, base + offset)),
    write: (offset, from) =>
      transfer('dmaWrite', offset, from.length, () => {
        // A write past the end would make the client's file longer.
        const end = base + offset + from.length;
        if (libc.fstat(fd.number).size < end) return 0;
        return pwrite(fd.number, from, base + offset);
      }),
    revoke: () => fd.close(),
  };
}

function mappedBacking(fd: Fd, offset: number, size: number, access: MemoryAccess): MappedBacking {
  // A mapping without write access is private: a stray write changes a page of this process alone, where a
  // read-only mapping would end the process.
  const mapping = access.write
    ? mapShared(fd.number, offset, size, c.PROT_READ | c.PROT_WRITE)
    : mapFilePrivate(fd.number, offset, size);
  return { kind: 'mapped', bytes: mapping.bytes, revoke: () => mapping.unmap() };
}

/**
 * Makes a range of a client's file reachable. Takes `fd` on success: a mapping does not need it any more, a
 * file backing closes it with `revoke`.
 *
 * @param offset - where in the file the range starts, bytes
 * @param size - bytes
 * @param fileIo - never maps it; `policy` still says what is taken
 * @throws `EINVAL` no range, offset not page aligned, not a regular file, or past the end of the file;
 *   `EACCES` descriptor not opened for the access; `EPERM` a file system that `policy` does not take; `ENOMEM`.
 *   The descriptor is then still the caller's.
 */
export function mapClientMemory(
  fd: Fd,
  offset: number,
  size: number,
  access: MemoryAccess,
  policy: MappingPolicy,
  fileIo = false,
): DmaBacking {
  // Must precede the check of the size: a seal found first holds for the size found second.
  const isSealed = (libc.getSeals(fd.number) & c.F_SEAL_SHRINK) !== 0;
  checkRange('mapClientMemory', fd, offset, size);
  checkAccess(fd, access);
  if (policy !== 'trusted') checkFileSystem(fd);
  const isMapped = policy === 'trusted' || (policy === 'sealed' && isSealed);
  if (!isMapped || fileIo) return fileBacking(fd, offset, size);
  const backing = mappedBacking(fd, offset, size, access);
  fd.close();
  return backing;
}

/**
 * Maps a range of the file behind a server's region. `fd` stays the caller's. A server is trusted not to make its
 * file shorter afterwards.
 *
 * @param writable - the region may be written to
 * @throws `EINVAL` no range, offset not page aligned, not a regular file, or past the end of the file; `EACCES`,
 *   `ENOMEM`
 */
export function mapRegion(fd: Fd, offset: number, size: number, writable: boolean): MemoryMapping {
  checkRange('mapRegion', fd, offset, size);
  // A stray write to what is read only changes a page of this process alone, instead of ending it.
  return writable
    ? mapShared(fd.number, offset, size, c.PROT_READ | c.PROT_WRITE)
    : mapFilePrivate(fd.number, offset, size);
}
