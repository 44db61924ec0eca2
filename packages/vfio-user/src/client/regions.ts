// The regions of a device on the other side: what is known of them, their descriptors, and what is mapped.

import {
  PAGE_SIZE,
  REGION_INFO_SIZE,
  VFIO_REGION_INFO_CAP_SPARSE_MMAP,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_WRITE,
  VfioError,
  decodeInfoCaps,
  decodeSparseMmapCap,
  type MemoryMapping,
  type RegionInfo,
} from '@vfio-ts/core';
import type { Fd } from '../fd.ts';
import { HEADER_SIZE } from '../header.ts';
import { decodeRegionInfo } from '../messages/region-info.ts';
import { VFIO_USER } from '../protocol.ts';
import type { Connection, Reply } from './connection.ts';
import type { ClientHost } from './host.ts';

interface KnownRegion {
  readonly info: RegionInfo;
  readonly fd: Fd | undefined;
}

/** The regions of one connection. */
export class Regions {
  readonly #connection: Connection;
  readonly #host: ClientHost;
  readonly #known = new Map<number, KnownRegion>();
  readonly #mappings = new Set<MemoryMapping>();

  constructor(connection: Connection, host: ClientHost) {
    this.#connection = connection;
    this.#host = host;
  }

  /** One question with just this `argsz`. A descriptor that comes along is kept. */
  ask(index: number, argsz: number): Promise<RegionInfo> {
    const payload = new Uint8Array(REGION_INFO_SIZE);
    const view = new DataView(payload.buffer);
    view.setUint32(0, argsz, true);
    view.setUint32(8, index, true);
    return this.#connection.request({
      command: VFIO_USER.DEVICE_GET_REGION_INFO,
      payload,
      minReply: REGION_INFO_SIZE,
      decode: (reply) => this.#learn(index, reply),
    });
  }

  /** All there is to know: asks again with the room that the first answer says it needs. */
  async get(index: number): Promise<RegionInfo> {
    const info = await this.ask(index, REGION_INFO_SIZE);
    return info.argsz > REGION_INFO_SIZE ? this.ask(index, info.argsz) : info;
  }

  /** Maps a part of a region. @throws `EINVAL` not mappable there, not page aligned */
  async map(index: number, offset: number, length: number): Promise<MemoryMapping> {
    if (!this.#known.has(index)) await this.get(index);
    const region = this.#known.get(index);
    if (region?.fd === undefined || (region.info.flags & VFIO_REGION_INFO_FLAG_MMAP) === 0) {
      throw new VfioError('EINVAL', 'mmap', `region ${index} cannot be mapped`);
    }
    checkRange(region.info, offset, length);
    const writable = (region.info.flags & VFIO_REGION_INFO_FLAG_WRITE) !== 0;
    const file = region.info.offset + offset;
    return this.#track(this.#host.mapFile(region.fd, file, length, writable));
  }

  /** Takes all mappings back and closes the descriptors. */
  close(): void {
    for (const mapping of this.#mappings) mapping.unmap();
    this.#mappings.clear();
    for (const { fd } of this.#known.values()) fd?.close();
    this.#known.clear();
  }

  #learn(index: number, { bytes, view, payloadLength, fds }: Reply): RegionInfo {
    const info = decodeRegionInfo(bytes, view, HEADER_SIZE, payloadLength);
    const fd = fds.all[0];
    // A short answer brings no descriptor; what a full one brought stays.
    if (fd !== undefined || !this.#known.has(index)) {
      if (fd !== undefined) fds.take(fd);
      this.#known.get(index)?.fd?.close();
      this.#known.set(index, { info, fd });
    }
    return info;
  }

  #track(mapping: MemoryMapping): MemoryMapping {
    const tracked: MemoryMapping = {
      get bytes() {
        return mapping.bytes;
      },
      unmap: () => {
        this.#mappings.delete(tracked);
        mapping.unmap();
      },
    };
    this.#mappings.add(tracked);
    return tracked;
  }
}

function checkRange(info: RegionInfo, offset: number, length: number): void {
  const sparse = decodeInfoCaps(info.caps, REGION_INFO_SIZE, info.capOffset).find(
    ({ id }) => id === VFIO_REGION_INFO_CAP_SPARSE_MMAP,
  );
  const areas = sparse ? decodeSparseMmapCap(sparse.payload) : [{ offset: 0, size: info.size }];
  const inside = areas.some(
    (area) => offset >= area.offset && offset + length <= area.offset + area.size,
  );
  const aligned = offset % PAGE_SIZE === 0 && length % PAGE_SIZE === 0;
  if (!inside || !aligned || length <= 0 || offset < 0) {
    const range = `0x${offset.toString(16)}+0x${length.toString(16)}`;
    throw new VfioError('EINVAL', 'mmap', `region ${info.index} cannot be mapped at ${range}`);
  }
}
