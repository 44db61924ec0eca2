// Something that goes on and on, told to whoever looks: a socket on which each connection gets a line of JSON for each
// event from then on. Nothing that is sent there is read.

import { connect, type Socket } from 'node:net';
import { VfioError, type Logger } from '@vfio-ts/core';
import { TellingSocket } from './telling-socket.ts';

/** Bytes that wait for one reader; what comes then is lost to it. */
const MAX_BACKLOG = 1 << 20;
/** Characters of the longest line that is taken. */
const MAX_LINE = 16 << 20;

/** What a reader gets in place of the events it was too slow for. */
export interface LostEvents {
  /** How many. */
  readonly lost: number;
}

/** One reader, and what it has lost since it was last told. */
interface Reader {
  readonly socket: Socket;
  lost: number;
}

/** A socket that tells events; its file can be opened by its owner alone, and is removed by `close`. */
export class JsonFeed<T = unknown> extends TellingSocket {
  readonly #readers: Set<Reader>;

  /**
   * Listens.
   *
   * @throws `EADDRINUSE` somebody listens there; `EINVAL` the path is too long; `ENOENT` no such folder; `EACCES`
   */
  constructor(path: string, logger: Logger) {
    const readers = new Set<Reader>();
    super(path, (socket) => addReader(readers, socket), logger);
    this.#readers = readers;
  }

  /** Somebody looks. */
  get isWatched(): boolean {
    return this.#readers.size > 0;
  }

  /** Tells an event, something that JSON can hold, to all who look. One who is too slow loses it. */
  tell(event: T): void {
    if (!this.isWatched) return;
    const line = `${JSON.stringify(event)}\n`;
    for (const reader of this.#readers) tellReader(reader, line);
  }

  /** Ends all connections and removes the file. A second call does nothing. */
  override close(): void {
    super.close();
    this.#readers.clear();
  }
}

function addReader(readers: Set<Reader>, socket: Socket): void {
  const reader: Reader = { socket, lost: 0 };
  readers.add(reader);
  socket.on('close', () => readers.delete(reader));
  // It hears at once what it has lost, also when nothing else comes.
  socket.on('drain', () => tellLost(reader));
}

function tellReader(reader: Reader, line: string): void {
  const { socket } = reader;
  const waiting = socket.writableLength;
  // A line longer than the backlog goes out alone.
  const isFull = waiting > 0 && waiting + line.length > MAX_BACKLOG;
  if (reader.lost > 0 || isFull) reader.lost++;
  else socket.write(line);
}

function tellLost(reader: Reader): void {
  if (reader.lost === 0) return;
  const told: LostEvents = { lost: reader.lost };
  reader.lost = 0;
  reader.socket.write(`${JSON.stringify(told)}\n`);
}

/**
 * What somebody tells on such a socket, line by line, until that ends or `signal` does.
 *
 * @throws `ENOENT`, `ECONNREFUSED`, `EACCES` as Node gives them; `EPROTO` a line without end
 */
export async function* readJsonFeed(path: string, signal?: AbortSignal): AsyncGenerator<string> {
  const socket = connect({ path, signal });
  socket.setEncoding('utf8');
  let rest = '';
  try {
    for await (const part of socket) {
      const lines = `${rest}${String(part)}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > MAX_LINE) throw new VfioError('EPROTO', 'readJsonFeed', 'an endless line');
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    socket.destroy();
  }
}
