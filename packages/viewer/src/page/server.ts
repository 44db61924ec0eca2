// The page server: files, the list of pictures, and each picture's stream over a WebSocket.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Logger } from '@vfio-ts/core';
import { WebSocketServer, type WebSocket } from 'ws';
import { assetAt } from './assets.ts';
import { HEADERS, isOwn, isToken } from './guard.ts';
import type { PageTarget } from './target.ts';
import { WebSocketStream, type Pace } from './web-socket-stream.ts';

/** What a page server is made with. */
export interface PageServerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The pictures there are now, in their order; asked each time somebody wants to know. */
  readonly targets: () => readonly PageTarget[];
  /** Who knows it may look; a random one when left out. */
  readonly token?: string;
}

/** Where a page is served. */
export interface PageAddress {
  /** 127.0.0.1 when left out. */
  readonly host?: string;
  /** Any that is free when left out. */
  readonly port?: number;
}

/** Viewers of one page server at once. */
const MAX_SOCKETS = 64;
/** Bytes of one message of a viewer. */
const MAX_PAYLOAD = 2 ** 18;
const MAX_REQUEST_TIME = 10_000;
/** Frames a second that a viewer may ask for. */
const MAX_RATE = 60;
/** How a WebSocket is closed whose picture nobody shows. */
const CLOSE_GONE = 4404;
const LOOPBACK = '127.0.0.1';

/** Serves the page. */
export class PageServer implements AsyncDisposable {
  readonly #options: PageServerOptions;
  readonly #token: string;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  #url = '';

  constructor(options: PageServerOptions) {
    this.#options = options;
    this.#token = options.token ?? randomBytes(18).toString('base64url');
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_PAYLOAD,
      perMessageDeflate: false,
    });
    this.#http = createServer({ requestTimeout: MAX_REQUEST_TIME }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.logger.log('warn', 'page', () => `${request.url} failed`, error);
        response.destroy();
      });
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** The address to open, with the token; empty before {@link listen}. */
  get url(): string {
    return this.#url;
  }

  /** Viewers at this moment. */
  get viewers(): number {
    return this.#sockets.clients.size;
  }

  /** Listens. @throws what the operating system says: EADDRINUSE, EACCES */
  async listen({ host = LOOPBACK, port = 0 }: PageAddress = {}): Promise<string> {
    this.#http.listen({ host, port });
    await once(this.#http, 'listening');
    const address = this.#http.address();
    const at = isAddress(address) ? address.port : port;
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${at}/#token=${this.#token}`;
    return this.#url;
  }

  /** Ends all viewers and listens no more. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    const closed = this.#http.listening ? once(this.#http, 'close') : undefined;
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const { pathname } = urlOf(request);
    if (!isOwn(request)) end(response, 421);
    else if (request.method !== 'GET' && request.method !== 'HEAD') end(response, 405);
    else if (pathname === '/devices') this.#list(request, response);
    else {
      const asset = await assetAt(pathname);
      if (asset === undefined) end(response, 404);
      else end(response, 200, asset.type, asset.bytes);
    }
  }

  #list({ headers }: IncomingMessage, response: ServerResponse): void {
    const given = headers.authorization?.replace(/^Bearer /u, '');
    if (!isToken(this.#token, given)) {
      end(response, 401);
      return;
    }
    const list = this.#options.targets().map(({ id, name }) => ({ id, name }));
    end(response, 200, 'application/json', Buffer.from(JSON.stringify(list)));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const { pathname, searchParams } = urlOf(request);
    const id = /^\/devices\/([\w.-]+)\/picture$/u.exec(pathname)?.[1];
    if (id === undefined) refuse(socket, 404);
    else if (!isOwn(request)) refuse(socket, 421);
    else if (!isToken(this.#token, searchParams.get('token') ?? undefined)) refuse(socket, 401);
    else if (this.viewers >= MAX_SOCKETS) refuse(socket, 503);
    else {
      const pace = this.#pace(searchParams.get('rate'));
      this.#sockets.handleUpgrade(request, socket, head, (opened) => {
        // Nothing of it may be lost before somebody listens.
        opened.pause();
        this.#join(id, opened, pace).catch(() => undefined);
      });
    }
  }

  async #join(id: string, socket: WebSocket, pace: Pace | undefined): Promise<void> {
    const stream = new WebSocketStream(socket, pace);
    stream.on('error', () => undefined);
    try {
      const target = this.#options.targets().find((one) => one.id === id);
      if (target === undefined) throw new Error(`no picture ${id}`);
      await target.attach(stream);
    } catch (error) {
      const { logger } = this.#options;
      logger.log('debug', 'page', () => `nobody shows ${id}`, error);
      socket.close(CLOSE_GONE, 'nobody shows it');
      socket.resume();
    }
  }

  #pace(rate: string | null): Pace | undefined {
    const perSecond = Number(rate ?? Number.NaN);
    if (!(perSecond > 0 && perSecond < MAX_RATE)) return undefined;
    return { clock: this.#options.clock, interval: 1000 / perSecond };
  }
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  return URL.parse(url, 'http://here') ?? new URL('http://here/not-found');
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function end(response: ServerResponse, status: number, type = 'text/plain', body?: Buffer): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body ?? `${status}\n`);
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
