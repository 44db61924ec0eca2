// What DEVICE_GET_REGION_IO_FDS gives, with its descriptors.

import { closeAll, type Fd } from '../fd.ts';
import { HEADER_SIZE } from '../header.ts';
import { decodeIoFdEntries, IO_FDS_SIZE, type IoFdEntry } from '../messages/io-fds.ts';
import { VFIO_USER } from '../protocol.ts';
import type { Connection } from './connection.ts';

/** Places of a region whose writes go through descriptors. Disposing closes the descriptors. */
export interface RegionIoFds extends Disposable {
  /** In the order of the server: libvfio-user and this project give the newest first. */
  readonly entries: readonly IoFdEntry[];
  /** What the entries' indexes mean; owned by this. */
  readonly fds: readonly Fd[];
}

interface Answer {
  readonly needed: number;
  readonly ioFds: RegionIoFds;
}

/** Asks for what there is, then again with room for it. */
export async function getRegionIoFds(connection: Connection, index: number): Promise<RegionIoFds> {
  const first = await ask(connection, index, IO_FDS_SIZE);
  if (first.needed <= IO_FDS_SIZE) return first.ioFds;
  first.ioFds[Symbol.dispose]();
  return (await ask(connection, index, first.needed)).ioFds;
}

function ask(connection: Connection, index: number, argsz: number): Promise<Answer> {
  const payload = new Uint8Array(IO_FDS_SIZE);
  const request = new DataView(payload.buffer);
  request.setUint32(0, argsz, true);
  request.setUint32(8, index, true);
  return connection.request({
    command: VFIO_USER.DEVICE_GET_REGION_IO_FDS,
    payload,
    minReply: IO_FDS_SIZE,
    decode({ view, payloadLength, fds }) {
      const entries = decodeIoFdEntries(view, HEADER_SIZE, payloadLength, fds.count);
      const all = fds.all;
      // Must follow the decoding: the descriptors of a reply that is no good are closed.
      for (const fd of all) fds.take(fd);
      const ioFds = { entries, fds: all, [Symbol.dispose]: () => closeAll(all) };
      return { needed: view.getUint32(HEADER_SIZE, true), ioFds };
    },
  });
}
