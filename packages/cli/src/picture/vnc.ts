// The picture of a device on a TCP port, for VNC clients that know a password.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Logger } from '@vfio-ts/core';
import { LinuxClock } from '@vfio-ts/vfio-user';
import { connectTo, passGate, picturePath } from '@vfio-ts/viewer';
import { textOf } from '../named-file.ts';
import { UsageError } from '../usage.ts';

/** What VNC clients get. */
export interface VncOptions {
  readonly socket: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly password: string;
  readonly logger: Logger;
}

/** A port that listens. */
export interface VncPort extends AsyncDisposable {
  readonly address: AddressInfo;
}

/** Clients at once, in and on their way. */
const MAX_CLIENTS = 16;

/** Listens. @throws what the operating system says: EADDRINUSE, EACCES */
export async function listenForVnc(options: VncOptions): Promise<VncPort> {
  const { socket, host, port, password, logger } = options;
  const clock = new LinuxClock();
  const connect = (): ReturnType<typeof connectTo> => connectTo(picturePath(socket));
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    client.setNoDelay(true);
    clients.add(client);
    client.on('close', () => void clients.delete(client));
    void passGate(client, { clock, logger, password, connect });
  });
  server.maxConnections = MAX_CLIENTS;
  server.listen({ host, port });
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('a port has an address');
  return {
    address,
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), 'close');
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}

/** The password in a file: its first line. @throws UsageError there is none; Error the file cannot be read */
export function readPassword(file: string): string {
  const [password = ''] = textOf(file).split('\n');
  if (password === '') throw new UsageError(`${file} has no password in its first line`);
  return password;
}
