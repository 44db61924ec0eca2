// Guest memory that a client has given to its server. The wire takes back one mapping at a time and only as it was
// given; what a user of VFIO may ask for is put together from that.

import {
  IovaBitmap,
  PAGE_SIZE,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_DMA_UNMAP_FLAG_ALL,
  VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
  VfioError,
  type DmaMapRequest,
  type DmaUnmapReply,
  type DmaUnmapRequest,
} from '@vfio-ts/core';
import type { DmaTable } from '../dma-table.ts';
import { HEADER_SIZE } from '../header.ts';
import {
  DIRTY_BITMAP_SIZE,
  DMA_UNMAP_SIZE,
  encodeDmaMap,
  encodeDmaUnmap,
  type DmaUnmapFields,
} from '../messages/dma.ts';
import { VFIO_USER } from '../protocol.ts';
import type { Connection } from './connection.ts';
import type { ClientRange } from './dma-server.ts';
import type { ClientHost } from './host.ts';
import { inOrder } from './in-order.ts';

const PROTECTION = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;

/** The mappings of one connection. */
export class ClientDma {
  readonly #connection: Connection;
  readonly #host: ClientHost;
  readonly #isShared: boolean;
  readonly #mapped: DmaTable<ClientRange>;

  /**
   * @param mapped - what the server can ask for
   * @param isShared - the server gets descriptors; else it has to ask for all
   */
  constructor(
    connection: Connection,
    host: ClientHost,
    mapped: DmaTable<ClientRange>,
    isShared: boolean,
  ) {
    this.#connection = connection;
    this.#host = host;
    this.#mapped = mapped;
    this.#isShared = isShared;
  }

  /**
   * Gives a part of `memory` to the server, which gets a descriptor of its own, or asks for what it needs.
   *
   * @throws `EINVAL` memory without a descriptor or too short, flags; `EEXIST` mapped; what the server gives
   */
  async map({ iova, size, flags, memory, offset = 0 }: DmaMapRequest): Promise<void> {
    const fd = this.#isShared ? this.#host.memoryFd(memory) : undefined;
    if (fd === undefined && this.#isShared) throw refuse('mapDma', 'memory has no descriptor');
    // Other flags of the kernel mean something else on the wire.
    if ((flags & ~PROTECTION) !== 0) throw refuse('mapDma', `flags 0x${flags.toString(16)}`);
    checkPages('mapDma', iova, size);
    if (!(Number.isSafeInteger(offset) && offset >= 0 && offset + size <= memory.size)) {
      throw refuse('mapDma', 'range is past the end of the memory');
    }
    // The server takes an identical mapping twice; VFIO_IOMMU_MAP_DMA does not.
    if (this.#mapped.overlapping(iova, size).length > 0) {
      throw new VfioError('EEXIST', 'mapDma', `0x${iova.toString(16)} is mapped`);
    }
    const range = { iova, size, flags, memory, offset };
    // Must precede the request: the server may ask before its reply is here.
    this.#mapped.add(range);
    try {
      await this.#connection.request({
        command: VFIO_USER.DMA_MAP,
        payload: encodeDmaMap({ flags, offset: fd === undefined ? 0 : offset, iova, size }),
        fds: fd === undefined ? [] : [fd],
        minReply: 0,
        decode: () => undefined,
      });
    } catch (error) {
      this.#mapped.remove(range);
      throw error;
    }
  }

  /**
   * Takes all mappings inside the range back, as `VFIO_IOMMU_UNMAP_DMA` does.
   *
   * @throws `EINVAL` no range of pages, a mapping cut in two; what the server gives
   */
  async unmap({ iova, size, flags = 0, pageSize }: DmaUnmapRequest): Promise<DmaUnmapReply> {
    if ((flags & VFIO_DMA_UNMAP_FLAG_ALL) !== 0) return this.#unmapAll({ iova, size, flags });
    if ((flags & ~VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP) !== 0) {
      throw refuse('unmapDma', `flags 0x${flags.toString(16)}`);
    }
    checkPages('unmapDma', iova, size);
    const inside = this.#mapped.overlapping(iova, size);
    if (inside.some((range) => range.iova < iova || range.iova + range.size > iova + size)) {
      throw refuse('unmapDma', `0x${iova.toString(16)} cuts a mapping in two`);
    }
    const bitmap = flags === 0 ? undefined : new IovaBitmap(iova, size, pageSize ?? PAGE_SIZE);
    await inOrder(inside, (range) => this.#unmapOne(range, bitmap));
    const unmapped = sizeOf(inside);
    return bitmap === undefined ? { size: unmapped } : { size: unmapped, bitmap: bitmap.bytes };
  }

  async #unmapAll(fields: DmaUnmapFields): Promise<DmaUnmapReply> {
    await this.#send(fields);
    const size = sizeOf(this.#mapped.overlapping(0, Infinity));
    this.#mapped.clear();
    return { size };
  }

  async #unmapOne(range: ClientRange, whole: IovaBitmap | undefined): Promise<void> {
    const { iova, size } = range;
    if (whole === undefined) {
      await this.#send({ flags: 0, iova, size });
    } else {
      const { pageSize } = whole;
      const flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
      addBits(whole, iova, await this.#send({ flags, iova, size, pageSize }));
    }
    this.#mapped.remove(range);
  }

  /** @returns the bitmap in the reply, if one was asked for */
  #send(fields: DmaUnmapFields): Promise<Uint8Array> {
    const at = HEADER_SIZE + DMA_UNMAP_SIZE + DIRTY_BITMAP_SIZE;
    return this.#connection.request({
      command: VFIO_USER.DMA_UNMAP,
      payload: encodeDmaUnmap(fields),
      minReply: 0,
      decode: ({ bytes, payloadLength }) => bytes.slice(at, HEADER_SIZE + payloadLength),
    });
  }
}

function addBits(whole: IovaBitmap, iova: number, bits: Uint8Array): void {
  for (const [at, byte] of bits.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      const page = at * 8 + bit;
      if ((byte & (1 << bit)) !== 0) whole.set(iova + page * whole.pageSize, whole.pageSize);
    }
  }
}

function sizeOf(ranges: readonly ClientRange[]): number {
  return ranges.reduce((sum, { size }) => sum + size, 0);
}

function checkPages(op: string, iova: number, size: number): void {
  const isRange = Number.isSafeInteger(iova) && Number.isSafeInteger(size) && iova >= 0 && size > 0;
  if (!isRange || iova % PAGE_SIZE !== 0 || size % PAGE_SIZE !== 0) {
    throw refuse(op, `iova ${iova}, size ${size} is no range of pages`);
  }
}

function refuse(op: string, fact: string): VfioError {
  return new VfioError('EINVAL', op, fact);
}
