// Concepts: shared memory where the host has none. Owner and mappings are views of one ArrayBuffer, so each sees
// what the others write. JavaScript detaches a buffer as a whole: one mapping cannot lose its views while the
// rest keeps theirs. Two ways out are offered; hosts with real mappings need neither.

import type { MemoryBackend, MemoryMapping, SharedMemory } from './host.ts';
import { VfioError } from './errno.ts';
import { PAGE_SIZE } from './uapi.ts';

/** How heap memory behaves. */
export interface HeapMemoryOptions {
  /**
   * Makes each `unmap` and `close` detach every view there is, those of living mappings and of the owner
   * included: `bytes` of these has to be asked for again and then shows the same memory. Nothing stale can be
   * read, at the price that no one may keep a view. When left out, kept views are good until the last of owner
   * and mappings has gone, and only the `bytes` of an unmapped mapping is empty.
   */
  readonly detachOnUnmap?: boolean;
}

const GONE: Uint8Array = new Uint8Array(0);

/** Memory of plain ArrayBuffers, for tests and for hosts without memfd. */
export class HeapMemory implements MemoryBackend {
  readonly #options: HeapMemoryOptions;

  constructor(options: HeapMemoryOptions = {}) {
    this.#options = options;
  }

  /** @throws `EINVAL` size not a positive integer; `ENOMEM` more than the engine gives */
  alloc(name: string, size: number): SharedMemory {
    if (!Number.isSafeInteger(size) || size <= 0) {
      throw new VfioError(
        'EINVAL',
        'allocMemory',
        `${name}: size ${size} is not a positive integer`,
      );
    }
    const rounded = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
    return new HeapSharedMemory(
      name,
      newBuffer(name, rounded),
      this.#options.detachOnUnmap === true,
    );
  }
}

function newBuffer(name: string, size: number): ArrayBuffer {
  try {
    return new ArrayBuffer(size);
  } catch (cause) {
    throw new VfioError('ENOMEM', 'allocMemory', `${name}: no 0x${size.toString(16)} bytes`, {
      cause,
    });
  }
}

class HeapSharedMemory implements SharedMemory {
  readonly size: number;
  readonly #name: string;
  readonly #detachOnUnmap: boolean;
  readonly #mappings = new Set<HeapMapping>();
  #buffer: ArrayBuffer;
  #bytes: Uint8Array;
  #isOpen = true;

  constructor(name: string, buffer: ArrayBuffer, detachOnUnmap: boolean) {
    this.#name = name;
    this.size = buffer.byteLength;
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#detachOnUnmap = detachOnUnmap;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** @throws `EBADF` the memory is closed; `EINVAL` as {@link SharedMemory.map} */
  map(offset: number, length: number): MemoryMapping {
    if (!this.#isOpen) throw new VfioError('EBADF', 'mapMemory', `${this.#name} is closed`);
    const isAligned = offset % PAGE_SIZE === 0 && length % PAGE_SIZE === 0;
    if (!isAligned || offset < 0 || length <= 0 || offset + length > this.size) {
      const fact = `${this.#name}: 0x${length.toString(16)} bytes at 0x${offset.toString(16)}`;
      throw new VfioError('EINVAL', 'mapMemory', `${fact} are not whole pages of it`);
    }
    const mapping = new HeapMapping(offset, length, (gone) => this.#unmap(gone));
    mapping.bytes = new Uint8Array(this.#buffer, offset, length);
    this.#mappings.add(mapping);
    return mapping;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#bytes = GONE;
    this.#detach();
  }

  #unmap(mapping: HeapMapping): void {
    if (!this.#mappings.delete(mapping)) return;
    mapping.bytes = GONE;
    this.#detach();
  }

  #detach(): void {
    if (!this.#isOpen && this.#mappings.size === 0) {
      this.#buffer.transfer(0);
    } else if (this.#detachOnUnmap) {
      this.#buffer = this.#buffer.transfer();
      if (this.#isOpen) this.#bytes = new Uint8Array(this.#buffer);
      for (const mapping of this.#mappings) {
        mapping.bytes = new Uint8Array(this.#buffer, mapping.offset, mapping.length);
      }
    }
  }
}

class HeapMapping implements MemoryMapping {
  readonly offset: number;
  readonly length: number;
  bytes: Uint8Array = GONE;
  readonly #unmap: (mapping: HeapMapping) => void;

  constructor(offset: number, length: number, unmap: (mapping: HeapMapping) => void) {
    this.offset = offset;
    this.length = length;
    this.#unmap = unmap;
  }

  unmap(): void {
    this.#unmap(this);
  }
}
