// The rules of VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA (type1 v2) and vfio_pin_pages() that a request breaks
// by itself, whatever is mapped. An argsz is checked where there is one, on the wire.

import { hex } from '../arguments.ts';
import { IOVA_LIMIT, type DmaUnmapRequest } from '../access.ts';
import { type DmaUser } from './dma-user.ts';
import type { IoMapRange } from './map-request.ts';
import { VfioError } from '../errno.ts';
import {
  PAGE_SIZE,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_DMA_UNMAP_FLAG_ALL,
  VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
  VFIO_DMA_UNMAP_FLAG_VADDR,
} from '../uapi.ts';

const MAP_PROT: number = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
const UNMAP_FLAGS: number =
  VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP | VFIO_DMA_UNMAP_FLAG_ALL | VFIO_DMA_UNMAP_FLAG_VADDR;

/** Pages one `IoAddressSpace.pin` can have; `VFIO_PIN_PAGES_MAX_ENTRIES`. */
export const PIN_PAGES_MAX: number = PAGE_SIZE / 8;

/** A range of addresses, end excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** @throws `EINVAL` flags, size, alignment, end of the address space */
export function checkMap({ iova, size, flags }: IoMapRange): void {
  if ((flags & ~MAP_PROT) !== 0) {
    throw new VfioError('EINVAL', 'mapDma', `flags ${hex(flags >>> 0)} are not all known`);
  }
  if ((flags & MAP_PROT) === 0) {
    throw new VfioError('EINVAL', 'mapDma', 'flags have neither READ nor WRITE');
  }
  checkRange('mapDma', iova, size);
}

/**
 * @param dirtyPageSize - page size of the dirty tracking, if it is on
 * @param hasUsers - devices are attached
 * @returns the range to clear
 * @throws `EINVAL` as the table of type1 v2 has it; `EBUSY` `VADDR` while devices are attached
 */
export function checkUnmap(
  { iova, size, flags = 0, pageSize }: DmaUnmapRequest,
  dirtyPageSize: number | undefined,
  hasUsers: boolean,
): Span {
  const isAll = (flags & VFIO_DMA_UNMAP_FLAG_ALL) !== 0;
  const isVaddr = (flags & VFIO_DMA_UNMAP_FLAG_VADDR) !== 0;
  const wantsBitmap = (flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP) !== 0;
  if ((flags & ~UNMAP_FLAGS) !== 0) {
    throw new VfioError('EINVAL', 'unmapDma', `flags ${hex(flags >>> 0)} are not all known`);
  }
  if (wantsBitmap && (isAll || isVaddr)) {
    throw new VfioError('EINVAL', 'unmapDma', 'GET_DIRTY_BITMAP together with ALL or VADDR');
  }
  if (isVaddr && hasUsers) {
    throw new VfioError('EBUSY', 'unmapDma', 'VADDR while devices are attached');
  }
  if (isVaddr) throw new VfioError('EINVAL', 'unmapDma', 'VADDR is not offered');
  if (isAll && (iova !== 0 || size !== 0)) {
    const fact = `ALL with iova ${hex(iova)} and size ${hex(size)}`;
    throw new VfioError('EINVAL', 'unmapDma', fact);
  }
  if (isAll) return { start: 0, end: IOVA_LIMIT };
  checkRange('unmapDma', iova, size);
  if (wantsBitmap && (dirtyPageSize === undefined || pageSize !== dirtyPageSize)) {
    const tracked = dirtyPageSize === undefined ? 'off' : `at ${hex(dirtyPageSize)}`;
    throw new VfioError(
      'EINVAL',
      'unmapDma',
      `page size ${pageSize}, dirty tracking is ${tracked}`,
    );
  }
  return { start: iova, end: iova + size };
}

/**
 * @returns the first page's number
 * @throws `EINVAL`, `E2BIG`, `EOVERFLOW` as `IoAddressSpace.pin`
 */
export function checkPin(user: DmaUser, iova: number, npage: number, prot: number): number {
  if (user.dmaUnmap === undefined) {
    throw new VfioError('EINVAL', 'pinPages', `${user.name} has no dmaUnmap`);
  }
  if (!Number.isSafeInteger(iova) || iova < 0 || !Number.isSafeInteger(npage) || npage <= 0) {
    throw new VfioError('EINVAL', 'pinPages', `${npage} pages at ${hex(iova)}`);
  }
  if (npage > PIN_PAGES_MAX) {
    throw new VfioError('E2BIG', 'pinPages', `${npage} pages are more than ${PIN_PAGES_MAX}`);
  }
  const first = Math.floor(iova / PAGE_SIZE);
  if ((first + npage) * PAGE_SIZE > IOVA_LIMIT) {
    throw new VfioError('EOVERFLOW', 'pinPages', `${npage} pages at ${hex(iova)}`);
  }
  if (prot === 0) throw new VfioError('EINVAL', 'pinPages', 'neither READ nor WRITE');
  return first;
}

function checkRange(op: string, iova: number, size: number): void {
  const isSane = Number.isSafeInteger(iova) && Number.isSafeInteger(size);
  if (!isSane || iova < 0 || size <= 0 || iova % PAGE_SIZE !== 0 || size % PAGE_SIZE !== 0) {
    const fact = `${hex(size)} bytes at ${hex(iova)} are not whole pages`;
    throw new VfioError('EINVAL', op, fact);
  }
  if (iova + size > IOVA_LIMIT) {
    throw new VfioError(
      'EINVAL',
      op,
      `${hex(size)} bytes at ${hex(iova)} are past ${hex(IOVA_LIMIT)}`,
    );
  }
}
