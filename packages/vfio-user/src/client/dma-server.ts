// DMA_READ and DMA_WRITE of a server, served from the memory that a client has mapped for it.

import { VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE, VfioError } from '@vfio-ts/core';
import type { SharedMemory } from '@vfio-ts/core';
import type { DmaRange, DmaTable } from '../dma-table.ts';
import { HEADER_SIZE, messageCommand } from '../header.ts';
import { hex } from '../hex.ts';
import { DMA_ACCESS_SIZE, encodeDmaAccess } from '../messages/dma-access.ts';
import { getU64, getU64Rounded } from '../messages/u64.ts';
import { VFIO_USER, commandName } from '../protocol.ts';
import type { ReplyBuffer } from '../reply-buffer.ts';
import type { FrameBuffer } from '../transport.ts';
import type { CommandServer } from './command-port.ts';

/** A range a client has mapped, and the memory behind it. */
export interface ClientRange extends DmaRange {
  /** `VFIO_DMA_MAP_FLAG_READ` and `_WRITE`: what the device may do. */
  readonly flags: number;
  readonly memory: SharedMemory;
  /** Where in `memory` the range starts, bytes. */
  readonly offset: number;
}

/** Serves the DMA messages of one server. */
export class DmaServer implements CommandServer {
  readonly #ranges: DmaTable<ClientRange>;
  readonly #maxData: number;

  /** @param maxData - bytes of data a message may carry, as VERSION has said */
  constructor(ranges: DmaTable<ClientRange>, maxData: number) {
    this.#ranges = ranges;
    this.#maxData = maxData;
  }

  /**
   * @throws `ENOSYS` another command; `EINVAL` a payload of another length than its count says; `E2BIG` more data
   *   than this side takes in a message; `EFAULT` a byte that is not mapped; `EPERM` one that is not for this
   */
  handle(frame: FrameBuffer, length: number, reply: ReplyBuffer): number {
    const { view } = frame;
    const command = messageCommand(view);
    const isWrite = command === VFIO_USER.DMA_WRITE;
    if (!isWrite && command !== VFIO_USER.DMA_READ) {
      throw new VfioError('ENOSYS', 'command', commandName(command));
    }
    const payload = length - HEADER_SIZE;
    if (payload < DMA_ACCESS_SIZE) throw refuse(`payload of ${payload} bytes`);
    const address = getU64(view, HEADER_SIZE);
    const count = getU64Rounded(view, HEADER_SIZE + 8);
    if (count > this.#maxData) throw new VfioError('E2BIG', 'dma', `${count} bytes in a message`);
    if (payload !== DMA_ACCESS_SIZE + (isWrite ? count : 0)) {
      throw refuse(`payload of ${payload} bytes for a count of ${count}`);
    }
    const parts = this.#parts(address, count, isWrite);
    const dataAt = HEADER_SIZE + DMA_ACCESS_SIZE;
    reply.reserve(dataAt + (isWrite ? 0 : count));
    encodeDmaAccess(reply.bytes, reply.view, HEADER_SIZE, { address, count }, 'specified');
    const data = isWrite ? frame.bytes : reply.bytes;
    let at = dataAt;
    for (const part of parts) {
      const end = at + part.length;
      if (isWrite) part.set(data.subarray(at, end));
      else data.set(part, at);
      at = end;
    }
    return DMA_ACCESS_SIZE + (isWrite ? 0 : count);
  }

  /** The bytes of an access, piece by piece; all of them are checked before one moves. */
  #parts(address: number, count: number, isWrite: boolean): readonly Uint8Array[] {
    const needed = isWrite ? VFIO_DMA_MAP_FLAG_WRITE : VFIO_DMA_MAP_FLAG_READ;
    const parts: Uint8Array[] = [];
    let at = address;
    const end = address + count;
    for (const range of count === 0 ? [] : this.#ranges.overlapping(address, count)) {
      if (range.iova > at) break;
      if ((range.flags & needed) === 0) throw new VfioError('EPERM', 'dma', hex(at));
      const from = range.offset + at - range.iova;
      const length = Math.min(end, range.iova + range.size) - at;
      const part = range.memory.bytes.subarray(from, from + length);
      if (part.length !== length) throw new VfioError('EFAULT', 'dma', `${hex(at)} is gone`);
      parts.push(part);
      at += length;
    }
    if (at !== end) throw new VfioError('EFAULT', 'dma', `${hex(at)} is not mapped`);
    return parts;
  }
}

function refuse(fact: string): VfioError {
  return new VfioError('EINVAL', 'dma', fact);
}
