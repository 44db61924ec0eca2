// What a page shows: pictures of this process, and pictures that others tell on sockets.

import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from '../join.ts';
import type { PictureServer } from '../server.ts';

/** A picture on a page. */
export interface PageTarget {
  /** In addresses: letters, digits, `-`, `_` and `.` alone. */
  readonly id: string;
  /** As people call it. */
  readonly name: string;
  /**
   * Joins a viewer's stream to the picture; the stream ends with either side.
   *
   * @returns rejects when nobody shows the picture now, and has left the stream alone
   */
  attach(stream: Duplex): Promise<void>;
}

/** Where the picture of the device on a socket is told. */
export function picturePath(socket: string): string {
  return `${socket}.rfb`;
}

/** A picture of this process. */
export function localTarget(id: string, server: PictureServer): PageTarget {
  return {
    id,
    name: server.source.name,
    attach: async (stream) => server.accept(stream),
  };
}

/** A picture that somebody tells on a UNIX socket, now or later. */
export function socketTarget(id: string, name: string, path: string): PageTarget {
  return { id, name, attach: async (stream) => join(stream, await connectTo(path)) };
}

/** A connection to a UNIX socket. @throws what the operating system says: ENOENT, ECONNREFUSED, EACCES */
export async function connectTo(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ path, allowHalfOpen: false }, resolve);
  socket.once('error', reject);
  try {
    await promise;
    return socket;
  } finally {
    socket.off('error', reject);
  }
}
