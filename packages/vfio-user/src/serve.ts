// A device of core as a server takes it: each client gets a group file, an address space and a device file of its own.

import {
  Container,
  deviceGroup,
  type DeviceFile,
  type LogLevel,
  type Logger,
  type VfioDevice,
} from '@vfio-ts/core';
import { offerTwinSocket } from './connect.ts';
import { linuxSessionHost } from './linux-host.ts';
import { Listener, type ListenerOptions } from './listener.ts';
import type { EventLoop } from './loop.ts';
import type { MappingPolicy } from './mapping.ts';
import type { PeerProfile } from './peer.ts';
import type { PeerCredentials } from './native/libc.ts';
import { DEFAULT_LIMITS, MIN_RECEIVED_FDS, maxMessageSize, type Limits } from './protocol.ts';
import type { OpenDevice, ServedAccess, ServedDevice } from './served-device.ts';
import { VfioUserServer } from './server.ts';
import type { SocketTransport } from './transport-socket.ts';

/** Makes a registered device one that a server can serve; the device keeps its state from client to client. */
export function servedDevice(vdev: VfioDevice): ServedDevice {
  return { name: vdev.name, open: () => openDevice(vdev) };
}

/** @throws `ENODEV` not registered any more; `EBUSY` in use in this process; what the driver's `openDevice` gives */
function openDevice(vdev: VfioDevice): OpenDevice {
  using undo = new DisposableStack();
  const group = undo.use(deviceGroup(vdev).open({ rawIo: true }));
  const container = undo.use(new Container(vdev.core, `${vdev.name} client`));
  group.setContainer(container);
  const file = undo.use(group.openDevice(vdev));
  const open = undo.move();
  return {
    access: accessOf(file),
    ioas: container.ioas,
    regionMemory(index) {
      const region = file.region(index);
      if (region?.memory === undefined) return undefined;
      return { memory: region.memory, offset: region.memoryOffset };
    },
    ioEvents: (region) => file.ioEvents(region),
    ioEvent: (region, signal) => file.ioEvent(region, signal),
    quiesce: () => file.quiesce(),
    close: () => open.dispose(),
  };
}

function accessOf(file: DeviceFile): ServedAccess {
  return {
    getInfo: (argsz) => file.getInfo(argsz),
    getRegionInfo: (index, argsz) => file.getRegionInfo(index, argsz),
    getIrqInfo: (index, argsz) => file.getIrqInfo(index, argsz),
    setIrqs: (request) => file.setIrqs(request),
    read: (region, offset, into) => file.read(region, offset, into),
    write: (region, offset, from) => file.write(region, offset, from),
    reset: () => file.reset(),
    // In vfio-user a log without ranges covers everything; in the kernel it is refused.
    feature: (request) => file.feature(request, { emptyMeansAll: true }),
    readMigrationData: (into) => file.readMigrationData(into),
    writeMigrationData: (from) => file.writeMigrationData(from),
  };
}

/** How a device is served on a socket. */
export interface ServeOptions extends ListenerOptions {
  /** Where the socket's file is to be. */
  readonly path: string;
  readonly loop: EventLoop;
  readonly limits?: Partial<Limits>;
  /** Takes every client for one of this kind, whatever it says. */
  readonly profile?: PeerProfile;
  /** From which level on lines of its sessions reach the core's logger; all of them when left out. */
  readonly logLevel?: LogLevel;
  /** Which client memory is mapped, and from where; only what cannot shrink when left out. */
  readonly memory?: MappingPolicy;
  /**
   * Whether somebody may connect: who it is as the kernel knows it (`SO_PEERCRED`). Others are closed before they
   * are heard. Everybody who can open the socket's file may when left out.
   */
  readonly allowPeer?: (peer: PeerCredentials) => boolean;
  /** Gives a client that asks a second connection for DMA messages, as libvfio-user can; off when left out. */
  readonly twinSocket?: boolean;
}

/**
 * Serves a registered device on a UNIX socket until the server is closed, which removes the socket's file.
 *
 * @throws `EADDRINUSE` somebody listens there; `EINVAL` the path is too long; `ENOENT` no such folder; `EACCES`
 */
export function serveDevice(vdev: VfioDevice, options: ServeOptions): VfioUserServer {
  const { path, loop, limits, profile, logLevel, memory, allowPeer, twinSocket, ...listening } =
    options;
  const { logger, clock } = vdev.core;
  const all = { ...DEFAULT_LIMITS, ...limits };
  const connection = {
    maxMessageSize: maxMessageSize(all),
    maxFds: Math.max(MIN_RECEIVED_FDS, all.maxMsgFds),
    ...listening,
  };
  let listener: Listener | undefined;
  const server = new VfioUserServer({
    device: servedDevice(vdev),
    source: {
      start(accept) {
        const admit = (transport: SocketTransport): void => {
          if (isAllowed(transport, allowPeer, logger)) accept(transport);
          else transport.close();
        };
        listener = new Listener(path, loop, admit, connection);
      },
      close: () => listener?.close(),
    },
    host: linuxSessionHost(memory, loop),
    logger,
    clock,
    limits: all,
    ...(profile && { profile }),
    ...(logLevel && { logLevel }),
    ...(twinSocket === true && { twin: () => offerTwinSocket(loop) }),
  });
  server.listen();
  return server;
}

function isAllowed(
  transport: SocketTransport,
  allowPeer: ServeOptions['allowPeer'],
  logger: Logger,
): boolean {
  if (allowPeer === undefined) return true;
  const { peer } = transport;
  if (allowPeer(peer)) return true;
  const { pid, uid } = peer;
  logger.log('warn', 'listen', () => `process ${pid} of user ${uid} may not connect`);
  return false;
}
