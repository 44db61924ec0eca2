// Something to tell to whoever asks: a socket on which each connection gets one JSON document and the end. Nothing that
// is sent there is read.

import { connect } from 'node:net';
import { VfioError, type Logger } from '@vfio-ts/core';
import { TellingSocket } from './telling-socket.ts';

/** Milliseconds in which the other end has to do something. */
const TIMEOUT = 5000;
/** Characters of the longest answer that is taken. */
const MAX_LENGTH = 64 << 20;

/** A socket that tells something; its file can be opened by its owner alone, and is removed by `close`. */
export class JsonSocket<T = unknown> extends TellingSocket {
  /**
   * Listens.
   *
   * @param tell - called for each connection, gives what JSON can hold; what it throws or rejects with closes the connection
   * @throws `EADDRINUSE` somebody listens there; `EINVAL` the path is too long; `ENOENT` no such folder; `EACCES`
   */
  constructor(path: string, tell: () => T | Promise<T>, logger: Logger) {
    super(
      path,
      (socket) => {
        socket.setTimeout(TIMEOUT, () => socket.destroy());
        Promise.try(tell).then(
          (told) => socket.end(`${JSON.stringify(told)}\n`),
          (error: unknown) => {
            logger.log('warn', 'socket', () => `${path} failed`, error);
            socket.destroy();
          },
        );
      },
      logger,
    );
  }
}

/**
 * What somebody tells on such a socket.
 *
 * @throws `ENOENT`, `ECONNREFUSED`, `EACCES` as Node gives them; `ETIMEDOUT`; `EPROTO` something else answers there
 */
export async function readJsonSocket(path: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(path);
  let text = '';
  socket.setEncoding('utf8');
  socket.setTimeout(TIMEOUT, () => reject(new VfioError('ETIMEDOUT', 'readJsonSocket', path)));
  socket.on('data', (part: string) => {
    text += part;
    if (text.length > MAX_LENGTH) reject(new VfioError('EPROTO', 'readJsonSocket', 'too long'));
  });
  socket.on('error', reject);
  socket.on('end', () => resolve(text));
  try {
    return parse(await promise);
  } finally {
    socket.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VfioError('EPROTO', 'readJsonSocket', 'the answer is no JSON', { cause });
  }
}
