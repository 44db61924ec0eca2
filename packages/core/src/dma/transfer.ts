// Concepts: an access to guest memory is cut at the borders of mappings into segments. All of them are checked
// before the first byte moves.

import { hex } from '../arguments.ts';
import type { Mapping, PendingAccess } from './mapping.ts';
import type { MappingTable } from './mapping-table.ts';
import { VfioError } from '../errno.ts';
import { VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE } from '../uapi.ts';

/** The part of an access that one mapping serves. */
export interface Segment {
  readonly mapping: Mapping;
  /** Where it starts in the mapping, bytes. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** Its part of the caller's buffer; shorter than `length` once that was detached. */
  readonly buf: Uint8Array;
}

/**
 * Cuts an access into segments.
 *
 * @throws `EINVAL` length 0, a byte that is not mapped; `EPERM` a mapping without the permission
 */
export function segmentsOf(
  table: MappingTable,
  iova: number,
  buf: Uint8Array,
  write: boolean,
): Segment[] {
  if (buf.length === 0) throw new VfioError('EINVAL', 'dmaRw', 'length is 0');
  const segments: Segment[] = [];
  for (let done = 0; done < buf.length;) {
    const at = iova + done;
    const mapping = table.find(at);
    if (mapping === undefined) {
      throw new VfioError('EINVAL', 'dmaRw', `iova ${hex(at)} is not mapped`);
    }
    if ((mapping.flags & (write ? VFIO_DMA_MAP_FLAG_WRITE : VFIO_DMA_MAP_FLAG_READ)) === 0) {
      const denied = write ? 'written' : 'read';
      throw new VfioError('EPERM', 'dmaRw', `iova ${hex(at)} may not be ${denied}`);
    }
    const length = Math.min(buf.length - done, mapping.end - at);
    const part = length === buf.length ? buf : buf.subarray(done, done + length);
    segments.push({ mapping, offset: at - mapping.iova, length, buf: part });
    done += length;
  }
  return segments;
}

/**
 * Moves the bytes of an access before it returns.
 *
 * @throws `EINVAL`, `EPERM` as {@link segmentsOf}; `EOPNOTSUPP` only the owner reaches the memory; `EFAULT` memory
 * behind a mapping is gone
 */
export function rwNow(table: MappingTable, iova: number, buf: Uint8Array, write: boolean): void {
  const mapping = table.find(iova);
  const need = write ? VFIO_DMA_MAP_FLAG_WRITE : VFIO_DMA_MAP_FLAG_READ;
  if (
    mapping !== undefined &&
    buf.length > 0 &&
    iova + buf.length <= mapping.end &&
    (mapping.flags & need) !== 0
  ) {
    moveNow(mapping, iova - mapping.iova, buf, write);
    return;
  }
  const segments = segmentsOf(table, iova, buf, write);
  const message = segments.find((segment) => segment.mapping.backing.kind === 'message');
  if (message !== undefined) throw notShared(message.mapping);
  for (const segment of segments) moveNow(segment.mapping, segment.offset, segment.buf, write);
}

function moveNow(mapping: Mapping, offset: number, buf: Uint8Array, write: boolean): void {
  const { backing } = mapping;
  switch (backing.kind) {
    case 'mapped':
      if (offset + buf.length > backing.bytes.length) {
        throw new VfioError('EFAULT', 'dmaRw', `memory at ${hex(mapping.iova + offset)} is gone`);
      }
      if (write) backing.bytes.set(buf, offset);
      else copyOut(backing.bytes, offset, buf);
      return;
    case 'file':
      if (write) backing.write(offset, buf);
      else backing.read(offset, buf);
      return;
    case 'message':
      throw notShared(mapping);
  }
}

/** The error of an access that would need a round trip. */
function notShared(mapping: Mapping): VfioError {
  const fact = `guest memory at ${hex(mapping.iova)} is not shared, only its owner reaches it`;
  return new VfioError('EOPNOTSUPP', 'dmaRw', fact);
}

const FEW_BYTES = 32;

function copyOut(bytes: Uint8Array, offset: number, into: Uint8Array): void {
  const { length } = into;
  if (length > FEW_BYTES) into.set(bytes.subarray(offset, offset + length));
  else for (let i = 0; i < length; i++) into[i] = bytes[offset + i] ?? 0;
}

/** An asynchronous access under way; an unmap of any of its mappings ends it with an error. */
export class Transfer implements PendingAccess {
  readonly #segments: readonly Segment[];
  readonly #cancelled: PromiseWithResolvers<never> = Promise.withResolvers<never>();
  #isCancelled = false;

  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
    // Nobody may be waiting when the cancellation comes.
    this.#cancelled.promise.catch(() => {});
  }

  /** @throws `ECANCELED` a mapping went away; `EFAULT` the caller's buffer did; else as the backing gives it */
  async run(write: boolean): Promise<void> {
    for (const { mapping } of this.#segments) mapping.accesses.add(this);
    try {
      // Segments go one after the other: the bytes of an access appear in order.
      for (const segment of this.#segments) {
        // oxlint-disable-next-line no-await-in-loop
        await this.#move(segment, write);
        if (this.#isCancelled) throw canceled(segment.mapping);
      }
    } finally {
      for (const { mapping } of this.#segments) mapping.accesses.delete(this);
    }
  }

  /** Ends the access: `mapping` goes away. */
  cancel(mapping: Mapping): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#cancelled.reject(canceled(mapping));
  }

  async #move(segment: Segment, write: boolean): Promise<void> {
    const { mapping, offset, length, buf } = segment;
    const { backing } = mapping;
    checkBuffer(segment);
    if (backing.kind !== 'message') {
      moveNow(mapping, offset, buf, write);
      return;
    }
    // The copy is what a late reply may touch: the caller's buffer is the caller's again once cancelled.
    const copy = write ? buf.slice() : new Uint8Array(length);
    const moved = write ? backing.write(offset, copy) : backing.read(offset, copy);
    await Promise.race([moved, this.#cancelled.promise]);
    if (write || this.#isCancelled) return;
    checkBuffer(segment);
    buf.set(copy);
  }
}

/** The caller's buffer may be guest memory itself, and be revoked during the access. */
function checkBuffer({ length, buf }: Segment): void {
  if (buf.length !== length) throw new VfioError('EFAULT', 'dmaRw', 'buffer of the caller is gone');
}

function canceled(mapping: Mapping): VfioError {
  return new VfioError('ECANCELED', 'dmaRw', `mapping at ${hex(mapping.iova)} went away`);
}
