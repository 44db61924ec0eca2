// The daemon's socket: clients send requests, a line of JSON each, and get the answers in that order.

import { createServer, type Socket } from 'node:net';
import { VfioError, type Logger } from '@vfio-ts/core';
import { TellingSocket } from '@vfio-ts/vfio-user';
import { factOf } from '../errors.ts';
import { parseRequest, type DaemonRequest } from './protocol.ts';

/** Characters of the longest request. */
const MAX_LINE = 1 << 20;
/** Requests of one client that wait for their answers. */
const MAX_WAITING = 16;

/** Does what is asked. What it resolves to is told, what it throws as well. */
export type Answer = (request: DaemonRequest) => Promise<unknown>;

/**
 * Listens for requests until it is disposed.
 *
 * @param at - a path, or a socket that listens already: what a service manager has opened is its own to remove
 * @throws as `TellingSocket`
 */
export function listenForRequests(
  at: string | { readonly fd: number },
  answer: Answer,
  logger: Logger,
): Disposable {
  const accept = (socket: Socket): void => serveClient(socket, answer);
  if (typeof at === 'string') return new TellingSocket(at, accept, logger);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    accept(socket);
  });
  server.on('error', (error) => logger.log('warn', 'control', () => 'the socket failed', error));
  server.listen(at);
  return {
    [Symbol.dispose]() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function serveClient(socket: Socket, answer: Answer): void {
  let rest = '';
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  const take = async (line: string): Promise<void> => {
    const told = await answered(line, answer);
    waiting--;
    if (socket.writable) socket.write(`${told}\n`);
  };
  // Whoever has nothing more to ask still wants its answers.
  socket.allowHalfOpen = true;
  socket.on('end', () => void last.then(() => socket.end()));
  socket.setEncoding('utf8').on('data', (part: string) => {
    const lines = `${rest}${part}`.split('\n');
    rest = lines.pop() ?? '';
    waiting += lines.length;
    // Whoever sends more than anybody needs is no client of ours.
    if (waiting > MAX_WAITING || rest.length > MAX_LINE) socket.destroy();
    else for (const line of lines) last = last.then(() => take(line));
  });
}

/** A line of answer; nothing that a client sends throws past it. */
async function answered(line: string, answer: Answer): Promise<string> {
  try {
    return JSON.stringify({ result: await answer(parseRequest(line)) });
  } catch (error) {
    if (error instanceof VfioError) {
      return JSON.stringify({ error: { code: error.code, message: factOf(error) } });
    }
    const message = error instanceof Error ? error.message : String(error);
    return JSON.stringify({ error: { message } });
  }
}
