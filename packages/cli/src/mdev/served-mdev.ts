// A mediated device made for this process and served on a socket.

import {
  VfioError,
  type Logger,
  type MdevBus,
  type MdevDevice,
  type MdevParent,
  type VfioDevice,
} from '@vfio-ts/core';
import {
  serveDevice,
  StatsSocket,
  statsPath,
  type EventLoop,
  type VfioUserServer,
} from '@vfio-ts/vfio-user';
import { writeAttributes } from './attributes.ts';
import type { Setting } from './definition.ts';

/** How to serve a device. */
export interface ServedMdevOptions {
  readonly bus: MdevBus;
  readonly parent: MdevParent;
  /** Directory of the type. */
  readonly type: string;
  readonly uuid: string;
  /** Written in this order before anybody can attach. */
  readonly attributes?: readonly Setting[];
  readonly socket: string;
  readonly loop: EventLoop;
}

/** A device on a socket, from `create` to `close`. */
export class ServedMdev implements AsyncDisposable {
  readonly mdev: MdevDevice;
  readonly vdev: VfioDevice;
  readonly server: VfioUserServer;
  readonly socket: string;
  readonly #stats: StatsSocket | undefined;

  private constructor(mdev: MdevDevice, vdev: VfioDevice, server: VfioUserServer, socket: string) {
    this.mdev = mdev;
    this.vdev = vdev;
    this.server = server;
    this.socket = socket;
    this.#stats = tellStats(server, socket, vdev.core.logger);
  }

  /** Creates the device and listens. @throws VfioError what create, the attributes and listen give; nothing is left then */
  static async create(options: ServedMdevOptions): Promise<ServedMdev> {
    const { bus, parent, type, uuid, attributes = [], socket, loop } = options;
    const mdev = await parent.create(type, uuid);
    try {
      await writeAttributes(bus, mdev, attributes);
      const vdev = mdev.vfioDevice;
      if (vdev === undefined) throw new VfioError('ENODEV', 'serve', `${type} has no device`);
      const server = serveDevice(vdev, { path: socket, loop });
      return new ServedMdev(mdev, vdev, server, socket);
    } catch (error) {
      await mdev.remove();
      throw error;
    }
  }

  /** Ends the clients, removes the socket, then the device. */
  async close(): Promise<void> {
    this.#stats?.close();
    this.server.close();
    await this.mdev.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A device works without its statistics too: their path may be too long, or taken. */
function tellStats(
  server: VfioUserServer,
  socket: string,
  logger: Logger,
): StatsSocket | undefined {
  try {
    return new StatsSocket(statsPath(socket), () => server.stats(), logger);
  } catch (error) {
    logger.log('warn', 'stats', () => `there will be no statistics of ${socket}`, error);
    return undefined;
  }
}
