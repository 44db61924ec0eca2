// One zlib stream of a connection. The work is done on Node's threads, so nothing else waits for it.

import { constants, createDeflate } from 'node:zlib';

/** Compressed bytes of one piece that wait to be taken; pieces are smaller. */
const MAX_OUTPUT = 2 ** 24;
const CHUNK = 2 ** 16;

/** Compresses pieces of one stream, each so that it can be read whole. */
export class Deflater implements Disposable {
  readonly #deflate: ReturnType<typeof createDeflate>;

  /** @param level - 1 is fastest, 9 smallest */
  constructor(level: number) {
    // The high-water mark is the stream's, which zlib's options take without naming it.
    const options = {
      level,
      chunkSize: CHUNK,
      flush: constants.Z_SYNC_FLUSH,
      readableHighWaterMark: MAX_OUTPUT,
    };
    this.#deflate = createDeflate(options);
    // Each write tells of it, too.
    this.#deflate.on('error', () => undefined);
  }

  /** Compresses the next piece, which must not change meanwhile. One at a time. */
  deflate(piece: Uint8Array): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#deflate.write(piece, (error) => {
      if (error !== undefined && error !== null) reject(error);
      else resolve(this.#taken());
    });
    return promise;
  }

  /** Ends the stream; a piece under way is refused. */
  [Symbol.dispose](): void {
    this.#deflate.destroy();
  }

  /** What has come out; how many pieces a read gives differs between versions of Node. */
  #taken(): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (let next = this.#read(); next !== undefined; next = this.#read()) pieces.push(next);
    const [first] = pieces;
    return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
  }

  #read(): Uint8Array | undefined {
    const piece: unknown = this.#deflate.read();
    return piece instanceof Uint8Array ? piece : undefined;
  }
}
