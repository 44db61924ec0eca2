// Memory that a client shares with the device: a page of indicator bytes, and room for a message in each slot.

import {
  PAGE_SIZE,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  type MemoryBackend,
  type SharedMemory,
  type VfioAccess,
} from '@vfio-ts/core';

/** Bytes of the longest message. */
export const MESSAGE_ROOM: number = 3 * PAGE_SIZE;

/** What memory needs of a device's access. */
export type MemoryAccess = Pick<VfioAccess, 'mapDma' | 'unmapDma'>;

/** Mapped guest memory. */
export class GuestMemory {
  readonly #access: MemoryAccess;
  readonly #memory: SharedMemory;
  readonly #iova: number;

  private constructor(access: MemoryAccess, memory: SharedMemory, iova: number) {
    this.#access = access;
    this.#memory = memory;
    this.#iova = iova;
  }

  /** Allocates and maps it at `iova`. @throws what `mapDma` gives */
  static async map(
    access: MemoryAccess,
    backend: MemoryBackend,
    iova: number,
    slots: number,
  ): Promise<GuestMemory> {
    const memory = backend.alloc('ap-client', PAGE_SIZE + slots * MESSAGE_ROOM);
    try {
      const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
      await access.mapDma({ iova, size: memory.size, flags, memory });
      return new GuestMemory(access, memory, iova);
    } catch (error) {
      memory.close();
      throw error;
    }
  }

  /** The bytes of the indicators; none once it is unmapped. */
  get indicators(): Uint8Array {
    return this.#memory.bytes.subarray(0, PAGE_SIZE);
  }

  /** Guest address of the first indicator. */
  get indicatorsIova(): number {
    return this.#iova;
  }

  /** Room for the message of a slot. */
  message(slot: number): Uint8Array {
    const offset = messageOffset(slot);
    return this.#memory.bytes.subarray(offset, offset + MESSAGE_ROOM);
  }

  /** Its guest address. */
  messageIova(slot: number): number {
    return this.#iova + messageOffset(slot);
  }

  /** Takes it away from the device and gives it back, in any case. @throws what `unmapDma` gives */
  async unmap(): Promise<void> {
    try {
      await this.#access.unmapDma({ iova: this.#iova, size: this.#memory.size });
    } finally {
      this.#memory.close();
    }
  }
}

function messageOffset(slot: number): number {
  return PAGE_SIZE + slot * MESSAGE_ROOM;
}
