// A device behind a socket, as its user sees it: what a VMM does, for tests and tools.

import {
  VfioError,
  type DeviceInfo,
  type DmaMapRequest,
  type DmaUnmapReply,
  type DmaUnmapRequest,
  type FeatureRequest,
  type IrqInfo,
  type IrqSetRequest,
  type MemoryMapping,
  type RegionInfo,
  type VfioAccess,
} from '@vfio-ts/core';
import { versionRequest, type Attached, type ClientOptions } from './client/attach.ts';
import { Connection, type Request } from './client/connection.ts';
import { ClientDma } from './client/dma.ts';
import { DmaServer, type ClientRange } from './client/dma-server.ts';
import type { ClientHost } from './client/host.ts';
import { inOrder } from './client/in-order.ts';
import { getRegionIoFds, type RegionIoFds } from './client/io-fds.ts';
import { irqMessages } from './client/irqs.ts';
import { readRequest, writeRequest } from './client/migration.ts';
import { payloadOf, piecesOf, regionAccess, words, type Piece } from './client/payloads.ts';
import { Regions } from './client/regions.ts';
import { postMulti, writeMulti } from './client/write-multi.ts';
import { DmaTable } from './dma-table.ts';
import type { Fd } from './fd.ts';
import { HEADER_SIZE } from './header.ts';
import {
  DEVICE_INFO_SIZE,
  IRQ_INFO_SIZE,
  decodeDeviceInfo,
  decodeIrqInfo,
} from './messages/device-info.ts';
import { FEATURE_SIZE, encodeWithData } from './messages/feature.ts';
import { REGION_ACCESS_SIZE } from './messages/region-access.ts';
import type { RegionWrite } from './messages/write-multi.ts';
import { peerLimits, type PeerLimits, type VersionMessage } from './messages/version.ts';
import { DEFAULT_MAX_DATA_XFER_SIZE, VFIO_USER } from './protocol.ts';
import type { Transport } from './transport.ts';

export type { ClientOptions } from './client/attach.ts';

/** The reply to {@link VfioUserClient.request}. */
export interface RawReply {
  readonly payload: Uint8Array;
  /** Descriptors that came with it; the caller's. */
  readonly fds: readonly Fd[];
}

const NOTHING = new Uint8Array(0);
const DEFAULT_TIMEOUT = 5000;

/** One connection to a vfio-user server. Every method rejects with `ENOTCONN` once the connection is over. */
export class VfioUserClient implements VfioAccess, AsyncDisposable {
  /** What the server said about itself. */
  readonly version: VersionMessage;
  readonly #connection: Connection;
  readonly #host: ClientHost;
  readonly #regions: Regions;
  readonly #server: PeerLimits;
  readonly #dma: ClientDma;

  private constructor(connection: Connection, options: ClientOptions, { version, twin }: Attached) {
    const { host, capabilities, shareMemory = true } = options;
    this.version = version;
    this.#connection = connection;
    this.#host = host;
    this.#regions = new Regions(connection, host);
    this.#server = peerLimits(version.capabilities);
    const ranges = new DmaTable<ClientRange>();
    this.#dma = new ClientDma(connection, host, ranges, shareMemory);
    const maxData = capabilities?.maxDataXferSize ?? DEFAULT_MAX_DATA_XFER_SIZE;
    connection.serve(new DmaServer(ranges, maxData), twin);
  }

  /**
   * Negotiates over a fresh connection; ends it when that fails.
   *
   * @throws `EPROTO` another major version or limits of no use; and what the server refuses with
   */
  static async attach(transport: Transport, options: ClientOptions): Promise<VfioUserClient> {
    const { host, timeout = DEFAULT_TIMEOUT } = options;
    const connection = new Connection(transport, host, timeout);
    try {
      connection.start();
      return await connection.request(
        versionRequest(options, (attached) => new VfioUserClient(connection, options, attached)),
      );
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Settles when the connection is over, with the reason unless the server ended it between two messages. */
  get over(): Promise<VfioError | undefined> {
    return this.#connection.over;
  }

  getInfo(argsz: number = DEVICE_INFO_SIZE): Promise<DeviceInfo> {
    return this.#connection.request({
      command: VFIO_USER.DEVICE_GET_INFO,
      payload: words(argsz, 0, 0, 0),
      minReply: DEVICE_INFO_SIZE,
      decode: ({ view }) => decodeDeviceInfo(view, HEADER_SIZE),
    });
  }

  getRegionInfo(index: number, argsz?: number): Promise<RegionInfo> {
    return argsz === undefined ? this.#regions.get(index) : this.#regions.ask(index, argsz);
  }

  getIrqInfo(index: number, argsz: number = IRQ_INFO_SIZE): Promise<IrqInfo> {
    return this.#connection.request({
      command: VFIO_USER.DEVICE_GET_IRQ_INFO,
      payload: words(argsz, 0, index, 0),
      minReply: IRQ_INFO_SIZE,
      decode: ({ view }) => decodeIrqInfo(view, HEADER_SIZE),
    });
  }

  /**
   * Places of a region whose writes can go through eventfds instead of messages; the caller disposes of them.
   *
   * @throws `EINVAL` no such region; `EMSGSIZE` more descriptors than this client takes in a message
   */
  getRegionIoFds(index: number): Promise<RegionIoFds> {
    return getRegionIoFds(this.#connection, index);
  }

  /** More signals than the server takes in a message go in several; then an error may leave the first set. */
  async setIrqs(request: IrqSetRequest): Promise<void> {
    const messages = irqMessages(request, this.#host, this.#server.maxMsgFds);
    await inOrder(messages, ({ payload, fds }) =>
      this.#command(VFIO_USER.DEVICE_SET_IRQS, payload, fds),
    );
    // The server has descriptors of its own now.
    for (const signal of request.signals ?? []) signal?.close();
  }

  async read(region: number, offset: number, into: Uint8Array): Promise<number> {
    await inOrder(this.#pieces(into.length), ({ at, length }) =>
      this.#readPiece(region, offset + at, into.subarray(at, at + length)),
    );
    return into.length;
  }

  async write(region: number, offset: number, from: Uint8Array): Promise<number> {
    await inOrder(this.#pieces(from.length), ({ at, length }) =>
      this.#connection.request({
        command: VFIO_USER.REGION_WRITE,
        payload: regionAccess(region, offset + at, length),
        data: from.subarray(at, at + length),
        minReply: 0,
        decode: () => undefined,
      }),
    );
    return from.length;
  }

  /**
   * Writes without waiting, and without a word if it goes wrong, as QEMU does for memory BARs.
   *
   * @throws `ENOTCONN` the connection is over
   */
  postWrite(region: number, offset: number, from: Uint8Array): void {
    for (const { at, length } of this.#pieces(from.length)) {
      this.#connection.post({
        command: VFIO_USER.REGION_WRITE,
        payload: regionAccess(region, offset + at, length),
        data: from.subarray(at, at + length),
      });
    }
  }

  /**
   * Writes up to 8 bytes at each of several places, in their order and in few messages.
   *
   * @returns writes done; fewer than all when one failed
   * @throws `EOPNOTSUPP` not agreed on with the server, see `writeMultiple` of {@link ClientOptions.capabilities};
   *   `EINVAL` a write without data or of more than 8 bytes; what the server gives for the first one
   */
  async writeMulti(writes: readonly RegionWrite[]): Promise<number> {
    if (!this.#writesMulti) {
      throw new VfioError('EOPNOTSUPP', 'writeMulti', 'was not agreed on with the server');
    }
    return writeMulti(this.#connection, writes);
  }

  /**
   * The same without waiting, one message for each where several are not agreed on. A write that goes wrong does
   * not keep the others from being done.
   *
   * @throws `EINVAL` as {@link VfioUserClient.writeMulti}; `ENOTCONN` the connection is over
   */
  postWrites(writes: readonly RegionWrite[]): void {
    if (this.#writesMulti) {
      postMulti(this.#connection, writes);
      return;
    }
    for (const { region, offset, data } of writes) this.postWrite(region, offset, data);
  }

  mmap(region: number, offset: number, length: number): Promise<MemoryMapping> {
    return this.#regions.map(region, offset, length);
  }

  reset(): Promise<void> {
    return this.#command(VFIO_USER.DEVICE_RESET, NOTHING);
  }

  /** The answer of a `SET` or `PROBE` is the data that was sent, as the server changed it. */
  feature({ argsz, flags, data = NOTHING }: FeatureRequest): Promise<Uint8Array> {
    return this.#connection.request({
      command: VFIO_USER.DEVICE_FEATURE,
      payload: encodeWithData(argsz ?? FEATURE_SIZE + data.length, flags, data),
      minReply: FEATURE_SIZE,
      decode: ({ bytes, payloadLength }) => payloadOf(bytes, payloadLength).slice(FEATURE_SIZE),
    });
  }

  /** Asks for no more than one message holds; fewer bytes than asked need not be the end then. */
  readMigrationData(into: Uint8Array): Promise<number> {
    const size = Math.min(into.length, this.#maxData);
    return this.#connection.request(readRequest(into.subarray(0, size)));
  }

  async writeMigrationData(from: Uint8Array): Promise<number> {
    await inOrder(this.#pieces(from.length), ({ at, length }) =>
      this.#connection.request(writeRequest(from.subarray(at, at + length))),
    );
    return from.length;
  }

  /** The server gets a descriptor of its own: `memory` must have one, and stays the caller's. */
  mapDma(request: DmaMapRequest): Promise<void> {
    return this.#dma.map(request);
  }

  unmapDma(request: DmaUnmapRequest): Promise<DmaUnmapReply> {
    return this.#dma.unmap(request);
  }

  async close(): Promise<void> {
    this.#regions.close();
    this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Sends any command with any payload, for what no method offers. */
  request(command: number, payload: Uint8Array, fds: readonly Fd[] = []): Promise<RawReply> {
    return this.#connection.request({
      command,
      payload,
      fds,
      minReply: 0,
      decode(reply) {
        for (const fd of reply.fds.all) reply.fds.take(fd);
        const bytes = payloadOf(reply.bytes, reply.payloadLength);
        return { payload: bytes.slice(), fds: reply.fds.all };
      },
    });
  }

  get #writesMulti(): boolean {
    return this.version.capabilities.writeMultiple === true;
  }

  get #maxData(): number {
    return Math.min(this.#server.maxDataXferSize, DEFAULT_MAX_DATA_XFER_SIZE);
  }

  #command(command: number, payload: Uint8Array, fds?: readonly Fd[]): Promise<void> {
    const request: Request<void> = { command, payload, minReply: 0, decode: () => undefined };
    return this.#connection.request(fds === undefined ? request : { ...request, fds });
  }

  #readPiece(region: number, offset: number, into: Uint8Array): Promise<void> {
    return this.#connection.request({
      command: VFIO_USER.REGION_READ,
      payload: regionAccess(region, offset, into.length),
      minReply: into.length === 0 ? 0 : REGION_ACCESS_SIZE + into.length,
      decode({ bytes }) {
        const at = HEADER_SIZE + REGION_ACCESS_SIZE;
        into.set(bytes.subarray(at, at + into.length));
      },
    });
  }

  #pieces(length: number): readonly Piece[] {
    return piecesOf(length, this.#maxData);
  }
}
