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
import { tellPicture } from '../picture/told.ts';
import type { SysfsDump } from '../sysfs/dump.ts';
import { tellSysfs } from '../sysfs/told.ts';
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
  /** All files of the driver, told beside the socket; not at all when left out. */
  readonly sysfs?: () => SysfsDump;
  /** Tells more of the device beside its socket. */
  readonly beside?: (socket: string) => Disposable;
}

/** A device on a socket, from `create` to `close`. */
export class ServedMdev implements AsyncDisposable {
  readonly mdev: MdevDevice;
  readonly vdev: VfioDevice;
  readonly server: VfioUserServer;
  readonly socket: string;
  /** What is told beside the socket. */
  readonly #told: DisposableStack = new DisposableStack();

  private constructor(
    mdev: MdevDevice,
    vdev: VfioDevice,
    server: VfioUserServer,
    { socket, sysfs, beside }: ServedMdevOptions,
  ) {
    this.mdev = mdev;
    this.vdev = vdev;
    this.server = server;
    this.socket = socket;
    const { logger } = vdev.core;
    const stats = (): Disposable =>
      new StatsSocket(statsPath(socket), () => server.stats(), logger);
    this.#told.use(orWithout(stats, `statistics of ${socket}`, logger));
    const name = `${mdev.type.directory} ${mdev.name}`;
    const picture = (): Disposable | undefined => tellPicture(vdev, socket, name);
    this.#told.use(orWithout(picture, `picture of ${socket}`, logger));
    if (sysfs !== undefined) {
      this.#told.use(
        orWithout(() => tellSysfs(socket, sysfs, logger), `files of ${socket}`, logger),
      );
    }
    if (beside !== undefined) {
      this.#told.use(orWithout(() => beside(socket), `trace of ${socket}`, logger));
    }
  }

  /** Creates the device and listens. @throws UsageError a setting that does not exist; VfioError what create, the attributes and listen give; nothing is left then */
  static async create(options: ServedMdevOptions): Promise<ServedMdev> {
    const { bus, parent, type, uuid, attributes = [], socket, loop } = options;
    const mdev = await parent.create(type, uuid);
    try {
      await writeAttributes(bus, mdev, attributes);
      const vdev = mdev.vfioDevice;
      if (vdev === undefined) throw new VfioError('ENODEV', 'serve', `${type} has no device`);
      const server = serveDevice(vdev, { path: socket, loop });
      return new ServedMdev(mdev, vdev, server, options);
    } catch (error) {
      await mdev.remove();
      throw error;
    }
  }

  /** Ends the clients, removes the socket, then the device. */
  async close(): Promise<void> {
    this.#told.dispose();
    this.server.close();
    await this.mdev.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A device works without what is told of it, too: the path may be too long, or taken. */
function orWithout(
  make: () => Disposable | undefined,
  what: string,
  logger: Logger,
): Disposable | undefined {
  try {
    return make();
  } catch (error) {
    logger.log('warn', 'serve', () => `there will be no ${what}`, error);
    return undefined;
  }
}
