// VERSION on the client's side.

import { VfioError } from '@vfio-ts/core';
import type { Fd } from '../fd.ts';
import { HEADER_SIZE } from '../header.ts';
import {
  VERSION_SIZE,
  decodeVersion,
  encodeVersion,
  type Capabilities,
  type VersionMessage,
} from '../messages/version.ts';
import {
  DEFAULT_LIMITS,
  DEFAULT_MAX_DATA_XFER_SIZE,
  VERSION_MAJOR,
  VERSION_MINOR,
  VFIO_USER,
} from '../protocol.ts';
import type { Transport } from '../transport.ts';
import type { Request } from './connection.ts';
import type { ClientHost } from './host.ts';

/** How a client behaves. */
export interface ClientOptions {
  readonly host: ClientHost;
  /** Milliseconds a command may take; 5000, QEMU's, when left out. */
  readonly timeout?: number;
  /** Said in VERSION. */
  readonly capabilities?: Capabilities;
  /** Minor version said in VERSION; the highest known when left out. */
  readonly minor?: number;
  /** False keeps memory that is mapped here: the server has to ask for what it needs of it. */
  readonly shareMemory?: boolean;
  /**
   * Asks for a second connection for the commands of the server, and makes a transport of the socket that comes,
   * which stays the caller's. `takeTwinSocket(loop)` is one.
   */
  readonly twinSocket?: (socket: Fd) => Transport;
}

/** What a negotiation ends in. */
export interface Attached {
  readonly version: VersionMessage;
  readonly twin: Transport | undefined;
}

function twinOf(
  { capabilities }: VersionMessage,
  fds: readonly Fd[],
  { twinSocket }: ClientOptions,
): Transport | undefined {
  if (capabilities.twinSocket !== true) return undefined;
  const socket = fds[capabilities.twinSocketFd ?? 0];
  if (twinSocket === undefined || socket === undefined) {
    throw new VfioError('EPROTO', 'attach', 'a second socket that nobody asked for, or none');
  }
  return twinSocket(socket);
}

function checkServer({ major, minor, capabilities }: VersionMessage, asked: number): void {
  if (major !== VERSION_MAJOR || minor > asked) {
    throw new VfioError('EPROTO', 'attach', `the server speaks version ${major}.${minor}`);
  }
  if (capabilities.maxDataXferSize === 0) {
    throw new VfioError('EPROTO', 'attach', 'the server takes no data');
  }
}

/**
 * The first request of a connection.
 *
 * @param finish - called before the next message is looked at, which may be a command of the server
 */
export function versionRequest<T>(
  options: ClientOptions,
  finish: (attached: Attached) => T,
): Request<T> {
  const { minor = VERSION_MINOR } = options;
  const said: Capabilities = {
    maxMsgFds: DEFAULT_LIMITS.maxMsgFds,
    maxDataXferSize: DEFAULT_MAX_DATA_XFER_SIZE,
    ...(options.twinSocket && { twinSocket: true }),
    ...options.capabilities,
  };
  return {
    command: VFIO_USER.VERSION,
    payload: encodeVersion({ major: VERSION_MAJOR, minor, capabilities: said }),
    minReply: VERSION_SIZE,
    decode({ bytes, payloadLength, fds }) {
      const version = decodeVersion(bytes.subarray(HEADER_SIZE, HEADER_SIZE + payloadLength));
      checkServer(version, minor);
      return finish({ version, twin: twinOf(version, fds.all, options) });
    },
  };
}
