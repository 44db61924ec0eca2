// A picture for VNC clients: any number of streams, TCP and UNIX sockets.

import { once } from 'node:events';
import { createServer, Socket, type AddressInfo, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Session } from './rfb/session.ts';
import { Screen, type ScreenHost } from './screen/screen.ts';
import type { PictureSource } from './source.ts';

/** Viewers at once when nothing else is said. */
const MAX_VIEWERS = 16;
const LOOPBACK = '127.0.0.1';

/** How a picture is served. */
export interface PictureServerOptions extends ScreenHost {
  /** Which clients have to know, its first eight bytes; nothing when left out. */
  readonly password?: string;
  /** Viewers at once; more are turned away. */
  readonly maxViewers?: number;
  /** Bytes nobody can foresee; from the operating system when left out. */
  readonly random?: (size: number) => Buffer;
}

/** Where to listen: a UNIX socket for its owner alone, or TCP. */
export type PictureAddress =
  | { readonly path: string }
  /** The address is 127.0.0.1 when left out, the port any that is free. */
  | { readonly host?: string; readonly port?: number };

/** Shows a picture to all who connect. Nobody looks at it while nobody does. */
export class PictureServer implements AsyncDisposable {
  readonly source: PictureSource;
  readonly #options: PictureServerOptions;
  readonly #screen: Screen;
  readonly #sessions = new Set<Session>();
  readonly #listening = new Set<Server>();

  constructor(source: PictureSource, options: PictureServerOptions) {
    this.source = source;
    this.#options = options;
    this.#screen = new Screen(source, options);
  }

  /** Viewers at this moment. */
  get viewers(): number {
    return this.#sessions.size;
  }

  /** Takes a connection, which is ended with the server, or at once when there are too many. */
  accept(stream: Duplex): void {
    const { maxViewers = MAX_VIEWERS, clock, logger, password, random } = this.#options;
    if (this.#sessions.size >= maxViewers) {
      logger.log('warn', 'viewer', () => `${this.source.name}: there are ${maxViewers} viewers`);
      stream.on('error', () => undefined);
      stream.destroy();
      return;
    }
    if (stream instanceof Socket) stream.setNoDelay(true).setKeepAlive(true, 30_000);
    const session: Session = new Session(stream, {
      screen: this.#screen,
      clock,
      logger,
      password,
      random,
      onClose: () => void this.#sessions.delete(session),
    });
    this.#sessions.add(session);
  }

  /**
   * Listens.
   *
   * @returns the address; the path of a UNIX socket
   * @throws what the operating system says: EADDRINUSE, EACCES
   */
  async listen(where: PictureAddress): Promise<AddressInfo | string> {
    const server = createServer((socket) => this.accept(socket));
    if ('path' in where) listenPrivately(server, where.path);
    else server.listen({ host: where.host ?? LOOPBACK, port: where.port ?? 0 });
    await once(server, 'listening');
    server.on('error', (error) => {
      this.#options.logger.log('warn', 'viewer', () => 'a connection could not be taken', error);
    });
    this.#listening.add(server);
    return server.address() ?? '';
  }

  /** Ends all viewers and listens no more. */
  async close(): Promise<void> {
    const closed = [...this.#listening].map((server) => once(server.close(), 'close'));
    this.#listening.clear();
    for (const session of this.#sessions) session.close();
    await Promise.all(closed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The file is for its owner alone from its first moment on. */
function listenPrivately(server: Server, path: string): void {
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}
