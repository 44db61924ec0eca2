// The restoring side of a migration stream.

import { VfioError } from '../errno.ts';
import type { MigrationStream } from '../ops.ts';
import { crc32 } from './stream-checksum.ts';
import {
  CHUNK_CHECKED_SIZE,
  CHUNK_HEADER_SIZE,
  CRC_SIZE,
  encodeHead,
  END_TAG,
  HEAD_SIZE,
  MAX_CHUNK_SIZE,
  MAX_TYPE_SIZE,
  type StreamIdentity,
} from './stream-format.ts';

/**
 * Takes one chunk, whose checksum is right; may throw to refuse the stream. It must only keep what it gets: the
 * device changes after {@link MigrationStreamReader.finish}.
 *
 * @param payload - valid during the call
 */
export type TakeChunk = (tag: number, payload: Uint8Array) => void;

type Part = 'head' | 'type' | 'chunk' | 'payload' | 'end' | 'refused';

/** Reads a stream in pieces of any size. Holds one chunk at most. */
export class MigrationStreamReader implements MigrationStream {
  readonly #head: Uint8Array;
  readonly #identity: StreamIdentity;
  readonly #take: TakeChunk;
  #part: Part = 'head';
  #buffer: Uint8Array = new Uint8Array(HEAD_SIZE + MAX_TYPE_SIZE + CRC_SIZE);
  #have = 0;
  /** Bytes the buffer must have before the next step. */
  #need = HEAD_SIZE;
  #crc = 0;

  /**
   * @param identity - what the stream has to be of
   * @throws `EINVAL` no stream can be of that
   */
  constructor(identity: StreamIdentity, take: TakeChunk) {
    this.#head = encodeHead(identity);
    this.#identity = identity;
    this.#take = take;
  }

  /**
   * Takes the next piece. After a refusal every further piece is refused.
   *
   * @returns its length
   * @throws `EINVAL` of something else, damaged, goes on behind its end; what the taker throws
   */
  write(from: Uint8Array): number {
    if (this.#part === 'refused') throw refused('it has been refused before');
    try {
      for (let at = 0; at < from.length;) at += this.#fill(from.subarray(at));
    } catch (error) {
      this.#part = 'refused';
      throw error;
    }
    return from.length;
  }

  /**
   * Says that nothing more comes.
   *
   * @throws `EINVAL` the stream was refused, or is not whole
   */
  finish(): void {
    if (this.#part !== 'end') {
      throw refused(this.#part === 'refused' ? 'it has been refused before' : 'it is cut off');
    }
  }

  /** @returns bytes used */
  #fill(from: Uint8Array): number {
    if (this.#part === 'end') throw refused('it goes on behind its end');
    const piece = from.subarray(0, this.#need - this.#have);
    this.#buffer.set(piece, this.#have);
    this.#have += piece.length;
    if (this.#have === this.#need) this.#step();
    return piece.length;
  }

  #step(): void {
    switch (this.#part) {
      case 'head':
        return this.#checkHead();
      case 'type':
        return this.#checkType();
      case 'chunk':
        return this.#checkChunk();
      case 'payload':
        return this.#checkPayload();
      case 'end':
      case 'refused':
        return undefined;
    }
  }

  #checkHead(): void {
    if (this.#head.some((byte, i) => i < 12 && byte !== this.#buffer[i])) {
      throw refused('it is no stream of this format');
    }
    const length = this.#view.getUint32(16, true);
    if (length > MAX_TYPE_SIZE) throw refused(`type of ${length} bytes`);
    this.#part = 'type';
    this.#need = HEAD_SIZE + length + CRC_SIZE;
  }

  #checkType(): void {
    const end = this.#need - CRC_SIZE;
    const head = this.#buffer.subarray(0, end);
    this.#crc = crc32(head);
    if (this.#view.getUint32(end, true) !== this.#crc) throw refused('its head is damaged');
    if (end !== this.#head.length || head.some((byte, i) => byte !== this.#head[i])) {
      const { type, version } = this.#identity;
      const found = String.fromCharCode(...head.subarray(HEAD_SIZE));
      const foundVersion = this.#view.getUint32(12, true);
      throw refused(
        `it is of ${JSON.stringify(found)} version ${foundVersion}, not of ${type} version ${version}`,
      );
    }
    this.#awaitChunk();
  }

  #checkChunk(): void {
    const length = this.#view.getUint32(4, true);
    if (length > MAX_CHUNK_SIZE) throw refused(`chunk of ${length} bytes`);
    this.#need = CHUNK_HEADER_SIZE + length;
    if (this.#need > this.#buffer.length) {
      const larger = new Uint8Array(this.#need);
      larger.set(this.#buffer.subarray(0, CHUNK_HEADER_SIZE));
      this.#buffer = larger;
    }
    this.#part = 'payload';
    if (length === 0) this.#checkPayload();
  }

  #checkPayload(): void {
    const payload = this.#buffer.subarray(CHUNK_HEADER_SIZE, this.#need);
    const tag = this.#view.getUint32(0, true);
    this.#crc = crc32(this.#buffer.subarray(0, CHUNK_CHECKED_SIZE), this.#crc);
    this.#crc = crc32(payload, this.#crc);
    if (this.#view.getUint32(CHUNK_CHECKED_SIZE, true) !== this.#crc) {
      throw refused('a chunk is damaged or out of place');
    }
    if (tag === END_TAG) {
      if (payload.length > 0) throw refused('its end has a payload');
      this.#part = 'end';
      return;
    }
    this.#take(tag, payload);
    this.#awaitChunk();
  }

  #awaitChunk(): void {
    this.#part = 'chunk';
    this.#have = 0;
    this.#need = CHUNK_HEADER_SIZE;
  }

  get #view(): DataView {
    return new DataView(this.#buffer.buffer);
  }
}

function refused(fact: string): VfioError {
  return new VfioError('EINVAL', 'migrationStream', fact);
}
