// DMA_MAP and DMA_UNMAP: the client's memory comes and goes.

import {
  IOVA_LIMIT,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_DMA_UNMAP_FLAG_ALL,
  VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
  VfioError,
  type DmaBacking,
  type FileBacking,
} from '@vfio-ts/core';
import type { Call, ClientMapping, HandlerEntry } from '../call.ts';
import type { Fd } from '../fd.ts';
import { HEADER_SIZE } from '../header.ts';
import {
  DIRTY_BITMAP_SIZE,
  DMA_MAP_SIZE,
  DMA_UNMAP_SIZE,
  dirtyBitmapSize,
} from '../messages/dma.ts';
import { getU64, getU64Rounded } from '../messages/u64.ts';
import {
  MAX_DMA_REGION_SIZE,
  VFIO_USER,
  VFIO_USER_DMA_REGION_FILE_IO,
  VFIO_USER_DMA_REGION_MMAP,
} from '../protocol.ts';

/** The handlers of this file. */
export const dmaHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.DMA_MAP, { minPayload: DMA_MAP_SIZE, handle: dmaMap, settle }],
  [VFIO_USER.DMA_UNMAP, { minPayload: DMA_UNMAP_SIZE, handle: dmaUnmap, settle, standIn: echo }],
];

const PROTECTION = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
const NEEDS_FD = VFIO_USER_DMA_REGION_MMAP | VFIO_USER_DMA_REGION_FILE_IO;

function dmaMap(call: Call): number {
  const { mappings, device } = call.client;
  const fd = call.fds.all[0];
  const wanted = decodeMap(call, fd);
  const { iova, size } = wanted;
  const flags = wanted.flags & PROTECTION;
  if (isSame(mappings.exact(iova, size), wanted)) return 0;
  if (mappings.count >= call.limits.maxDmaMaps) {
    throw new VfioError('ENOSPC', 'dmaMap', `more than ${call.limits.maxDmaMaps} mappings`);
  }
  // Must precede the backing: memory that is refused is not looked at.
  device.ioas.checkMap({ iova, size, flags });
  const backing = fd === undefined ? ask(call, wanted) : reach(call, fd, wanted);
  try {
    device.ioas.map({ iova, size, flags, backing });
  } catch (error) {
    backing.revoke();
    throw error;
  }
  mappings.add(wanted);
  return 0;
}

function decodeMap(call: Call, fd: Fd | undefined): ClientMapping {
  const { view } = call.request;
  const argsz = view.getUint32(HEADER_SIZE, true);
  const flags = view.getUint32(HEADER_SIZE + 4, true);
  const size = getU64Rounded(view, HEADER_SIZE + 24);
  if (argsz < DMA_MAP_SIZE) throw refuse('dmaMap', `argsz ${argsz} is below ${DMA_MAP_SIZE}`);
  if ((flags & ~(PROTECTION | NEEDS_FD)) !== 0 || (flags & PROTECTION) === 0) {
    throw refuse('dmaMap', `flags 0x${flags.toString(16)}`);
  }
  if (call.fds.count > 1) throw refuse('dmaMap', `${call.fds.count} descriptors`);
  if (fd === undefined && (flags & NEEDS_FD) !== 0) {
    throw refuse('dmaMap', `flags 0x${flags.toString(16)} need a descriptor`);
  }
  if (size > MAX_DMA_REGION_SIZE) {
    throw new VfioError('ENOSPC', 'dmaMap', `0x${size.toString(16)} bytes are too many`);
  }
  const iova = getU64(view, HEADER_SIZE + 16);
  if (size === 0 || iova + size > IOVA_LIMIT) throw refuse('dmaMap', `range ${range(iova, size)}`);
  const offset = getU64(view, HEADER_SIZE + 8);
  return { iova, size, flags, offset, file: fd && call.host.fileIdentity(fd) };
}

function isSame(mapped: ClientMapping | undefined, wanted: ClientMapping): boolean {
  return (
    mapped !== undefined &&
    mapped.flags === wanted.flags &&
    mapped.offset === wanted.offset &&
    mapped.file === wanted.file
  );
}

function reach(call: Call, fd: Fd, { flags, offset, size }: ClientMapping): DmaBacking {
  const backing = call.host.clientMemory(fd, {
    offset,
    size,
    readable: (flags & VFIO_DMA_MAP_FLAG_READ) !== 0,
    writable: (flags & VFIO_DMA_MAP_FLAG_WRITE) !== 0,
    fileIo: (flags & VFIO_USER_DMA_REGION_FILE_IO) !== 0,
  });
  call.fds.take(fd);
  return backing.kind === 'file' ? counted(call, backing) : backing;
}

/** @throws `ENOSPC` more than one client may keep open */
function counted({ keptFiles, limits }: Call, backing: FileBacking): FileBacking {
  if (keptFiles.count >= limits.maxFileMaps) {
    backing.revoke();
    const fact = `more than ${limits.maxFileMaps} mappings of files that are not mapped`;
    throw new VfioError('ENOSPC', 'dmaMap', fact);
  }
  keptFiles.count++;
  return {
    ...backing,
    revoke() {
      keptFiles.count--;
      backing.revoke();
    },
  };
}

/** Memory the client keeps to itself. */
function ask({ dma, logger }: Call, { iova, size }: ClientMapping): DmaBacking {
  const help = 'reached by messages, memory-backend-memfd,share=on of QEMU would share it';
  logger.log('info', 'dmaMap', () => `${range(iova, size)} is not shared: ${help}`);
  return dma.backing(iova);
}

function dmaUnmap(call: Call): number {
  const { view } = call.request;
  const argsz = view.getUint32(HEADER_SIZE, true);
  const flags = view.getUint32(HEADER_SIZE + 4, true);
  if (argsz < DMA_UNMAP_SIZE || argsz > call.limits.maxDataXferSize) {
    throw refuse('dmaUnmap', `argsz ${argsz}`);
  }
  switch (flags) {
    case 0:
      unmapOne(call, undefined);
      return echo(call);
    case VFIO_DMA_UNMAP_FLAG_ALL:
      unmapAll(call);
      return echo(call);
    case VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP:
      return unmapWithBitmap(call, argsz);
    default:
      throw refuse('dmaUnmap', `flags 0x${flags.toString(16)}`);
  }
}

function unmapOne(call: Call, pageSize: number | undefined): Uint8Array | undefined {
  const { mappings, device } = call.client;
  const { view } = call.request;
  const iova = getU64(view, HEADER_SIZE + 8);
  const size = getU64(view, HEADER_SIZE + 16);
  const mapping = mappings.exact(iova, size);
  if (mapping === undefined) {
    throw new VfioError('ENOENT', 'dmaUnmap', `${range(iova, size)} is not a mapping`);
  }
  const request = { iova, size };
  const { bitmap } = device.ioas.unmap(
    pageSize === undefined
      ? request
      : { ...request, flags: VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, pageSize },
  );
  mappings.remove(mapping);
  return bitmap;
}

function unmapAll({ client, request }: Call): void {
  const iova = getU64Rounded(request.view, HEADER_SIZE + 8);
  const size = getU64Rounded(request.view, HEADER_SIZE + 16);
  if (iova !== 0 || size !== 0) throw refuse('dmaUnmap', 'all is asked for, and a range');
  client.device.ioas.unmap({ iova: 0, size: 0, flags: VFIO_DMA_UNMAP_FLAG_ALL });
  client.mappings.clear();
}

function unmapWithBitmap(call: Call, argsz: number): number {
  const { view } = call.request;
  const head = DMA_UNMAP_SIZE + DIRTY_BITMAP_SIZE;
  if (call.payloadLength < head) throw refuse('dmaUnmap', 'no room for a bitmap is given');
  const pageSize = getU64(view, HEADER_SIZE + 24);
  const bitmapSize = getU64Rounded(view, HEADER_SIZE + 32);
  if (head + bitmapSize > argsz) throw refuse('dmaUnmap', `a bitmap of ${bitmapSize} bytes`);
  const size = getU64(view, HEADER_SIZE + 16);
  if (pageSize === 0 || bitmapSize !== dirtyBitmapSize(size, pageSize)) {
    throw refuse('dmaUnmap', `a bitmap of ${bitmapSize} bytes for pages of ${pageSize}`);
  }
  call.reply.reserve(HEADER_SIZE + head + bitmapSize);
  const bitmap = unmapOne(call, pageSize);
  const at = HEADER_SIZE + head;
  call.reply.bytes.set(call.request.bytes.subarray(HEADER_SIZE, at), HEADER_SIZE);
  call.reply.bytes.fill(0, at, at + bitmapSize);
  if (bitmap !== undefined) call.reply.bytes.set(bitmap.subarray(0, bitmapSize), at);
  return head + bitmapSize;
}

function settle({ client }: Call): Promise<void> | undefined {
  return client.device.quiesce?.();
}

function echo({ request, reply }: Call): number {
  const end = HEADER_SIZE + DMA_UNMAP_SIZE;
  reply.bytes.set(request.bytes.subarray(HEADER_SIZE, end), HEADER_SIZE);
  return DMA_UNMAP_SIZE;
}

function range(iova: number, size: number): string {
  return `0x${iova.toString(16)}+0x${size.toString(16)}`;
}

function refuse(op: string, fact: string): VfioError {
  return new VfioError('EINVAL', op, fact);
}
