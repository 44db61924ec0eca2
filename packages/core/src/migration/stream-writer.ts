// The saving side of a migration stream.

import { VfioError } from '../errno.ts';
import type { MigrationStream } from '../ops.ts';
import { crc32 } from './stream-checksum.ts';
import {
  CHUNK_CHECKED_SIZE,
  CHUNK_HEADER_SIZE,
  CRC_SIZE,
  encodeHead,
  END_TAG,
  isU32,
  MAX_CHUNK_SIZE,
  type StreamIdentity,
} from './stream-format.ts';

/** Puts the next chunks into a stream whose chunks have all been read; puts none at a temporary end. */
export type RefillStream = (writer: MigrationStreamWriter) => void;

/**
 * A device's state as a stream of chunks with checksums. A driver puts all chunks and ends the stream, or gives a
 * `refill` that puts them as they are read, so that no more than one refill is in memory.
 */
export class MigrationStreamWriter implements MigrationStream {
  readonly #refill: RefillStream | undefined;
  /** Encoded and not read yet. */
  readonly #queue: Uint8Array[] = [];
  /** Bytes of the first in the queue that have been read. */
  #read = 0;
  #queued = 0;
  #crc: number;
  #isEnded = false;
  /** The last read came to a temporary end, and gave what there was before it. */
  #owesPause = false;

  /** @throws `EINVAL` the identity cannot be written */
  constructor(identity: StreamIdentity, refill?: RefillStream) {
    this.#refill = refill;
    const head = encodeHead(identity);
    this.#crc = crc32(head);
    const crc = new Uint8Array(CRC_SIZE);
    new DataView(crc.buffer).setUint32(0, this.#crc, true);
    this.#push(head);
    this.#push(crc);
  }

  /** Bytes that are there to be read now. */
  get queued(): number {
    return this.#queued;
  }

  /**
   * Puts a chunk; what `parts` hold is copied.
   *
   * @param tag - what it is, the driver's own number from 1
   * @param parts - the payload, one after the other
   * @throws `EINVAL` no tag, more than {@link MAX_CHUNK_SIZE}, the stream has ended
   */
  put(tag: number, ...parts: readonly Uint8Array[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (tag === END_TAG || !isU32(tag)) throw refused(`tag ${tag}`);
    if (length > MAX_CHUNK_SIZE) throw refused(`chunk of ${length} bytes`);
    this.#chunk(tag, length, parts);
  }

  /** Puts the last chunk. @throws `EINVAL` the stream has ended */
  end(): void {
    this.#chunk(END_TAG, 0, []);
    this.#isEnded = true;
  }

  /**
   * Fills `into`; with fewer bytes only at an end.
   *
   * @returns bytes; 0 at the end
   * @throws `ENOMSG` temporary end; what `refill` throws
   */
  read(into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const first = this.#queue[0];
      if (first === undefined) {
        if (this.#isEnded) break;
        if (!this.#owesPause) this.#refill?.(this);
        if (this.#queue.length > 0) continue;
        // Each temporary end is told once, however fast the device changes: a pass of pre-copy has an end.
        this.#owesPause = done > 0;
        if (done > 0) break;
        throw new VfioError('ENOMSG', 'migrationRead', 'nothing more before the device stops');
      }
      this.#owesPause = false;
      const piece = first.subarray(this.#read, this.#read + into.length - done);
      into.set(piece, done);
      done += piece.length;
      this.#taken(first, piece.length);
    }
    return done;
  }

  #taken(first: Uint8Array, count: number): void {
    this.#queued -= count;
    this.#read += count;
    if (this.#read < first.length) return;
    this.#queue.shift();
    this.#read = 0;
  }

  #chunk(tag: number, length: number, parts: readonly Uint8Array[]): void {
    if (this.#isEnded) throw refused('it has ended');
    const chunk = new Uint8Array(CHUNK_HEADER_SIZE + length);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, tag, true);
    view.setUint32(4, length, true);
    let at = CHUNK_HEADER_SIZE;
    for (const part of parts) {
      chunk.set(part, at);
      at += part.length;
    }
    // From the copy: what a part was taken from may change meanwhile.
    this.#crc = crc32(chunk.subarray(0, CHUNK_CHECKED_SIZE), this.#crc);
    this.#crc = crc32(chunk.subarray(CHUNK_HEADER_SIZE), this.#crc);
    view.setUint32(CHUNK_CHECKED_SIZE, this.#crc, true);
    this.#push(chunk);
  }

  #push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queued += bytes.length;
  }
}

function refused(fact: string): VfioError {
  return new VfioError('EINVAL', 'migrationStream', fact);
}
