// The table of a vGPU's graphics address space in BAR 0: which of it a guest can map, and the memory behind that.
//
// Concepts: an entry that is written through a mapping is there at once, and overtakes writes of the guest that are
// still on their way as messages. For entries that only engines and displays use this is as it is on hardware: a driver
// changes one when nothing uses it any more, and what uses it next comes as a message. BAR 2 is the other way round: a
// store to it is such a message, and must find the entry that was there when it was made. QEMU waits for each write to a
// device of which something can be mapped, but no user has to. So the entries of low graphics memory, all that BAR 2
// reaches, are trapped, and stay in line with the stores; those of high graphics memory, where a guest has its contexts
// and, with the window, its frame buffers, are memory.

import { PAGE_SIZE, type MemoryBackend, type SharedMemory, type SparseArea } from '@vfio-ts/core';
import type { GpuShare, GraphicsRange, SharedTable } from '../gpu/gpu.ts';
import { BAR0_SIZE, GTT_OFFSET } from './layout.ts';

/**
 * What the table is to a guest. `mapped`: entries of its high graphics memory are memory, and cost no message;
 * QEMU then waits for the guest's writes to registers and BAR 2. `trapped`: each access is a message, as with GVT-g, and
 * QEMU waits for no write.
 */
export type TablePolicy = 'mapped' | 'trapped';

/** Bytes of graphics memory that one byte of the table stands for: an entry of 8 for a page of 4096. */
const PER_BYTE = 512;

/** A table that its guest can map in part. */
export class VgpuTable implements SharedTable {
  /** Behind BAR 0; nothing but the table is in it. */
  readonly memory: SharedMemory;
  /** What can be mapped, from the start of BAR 0. */
  readonly area: SparseArea;
  readonly range: GraphicsRange;
  #all: Uint8Array;
  #bytes: Uint8Array;

  /** @param range - whole pages of entries @throws VfioError `ENOMEM` */
  constructor(backend: MemoryBackend, range: GraphicsRange) {
    this.range = range;
    this.area = { offset: GTT_OFFSET + range.base / PER_BYTE, size: range.size / PER_BYTE };
    this.memory = backend.alloc('gvt-table', BAR0_SIZE);
    this.#all = this.memory.bytes;
    this.#bytes = this.#all.subarray(GTT_OFFSET);
  }

  get bytes(): Uint8Array {
    const { bytes } = this.memory;
    if (bytes !== this.#all) {
      this.#all = bytes;
      this.#bytes = bytes.subarray(GTT_OFFSET);
    }
    return this.#bytes;
  }
}

/**
 * Makes the table of a share.
 *
 * @returns `undefined` where all of it is trapped: by policy, or as no page of it is the share's alone
 * @throws VfioError `ENOMEM`
 */
export function gvtTable(
  backend: MemoryBackend,
  { hidden }: GpuShare,
  policy: TablePolicy,
): VgpuTable | undefined {
  const unit = PAGE_SIZE * PER_BYTE;
  const base = Math.ceil(hidden.base / unit) * unit;
  const size = Math.floor((hidden.base + hidden.size) / unit) * unit - base;
  if (policy === 'trapped' || size <= 0) return undefined;
  return new VgpuTable(backend, { base, size });
}
