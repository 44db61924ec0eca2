// The restoring side of a migration. Everything is kept apart from the device until the whole stream is there and
// right: what is refused has changed nothing.

import { MigrationStreamReader, PAGE_SIZE, VfioError, type MigrationStream } from '@vfio-ts/core';
import {
  CONFIG_CHUNK,
  decodeOffset,
  mdpyStream,
  OFFSET_SIZE,
  PAGES_CHUNK,
  type MdpyState,
} from './migration-layout.ts';

/** Takes a stream of a display, and puts it into one. */
export class MdpyRestoreStream implements MigrationStream {
  readonly #mdpy: MdpyState;
  #reader: MigrationStreamReader;
  #framebuffer: Uint8Array | undefined;
  #config: Uint8Array | undefined;

  constructor(mdpy: MdpyState) {
    this.#mdpy = mdpy;
    this.#reader = this.#start();
  }

  /** @throws `EINVAL` not a stream of such a display, or damaged */
  write(from: Uint8Array): number {
    return this.#reader.write(from);
  }

  /**
   * Makes the display what the stream says. After a refusal another stream can be written, from its start.
   *
   * @throws `EINVAL` the stream is not whole, was refused, or holds what no such display can be; nothing has changed
   */
  apply(): void {
    const { config, framebuffer } = this.#mdpy;
    try {
      this.#reader.finish();
      if (this.#config === undefined) throw refused('it has no configuration space');
      config.restore(this.#config);
      if (this.#framebuffer === undefined) framebuffer.fill(0);
      else framebuffer.set(this.#framebuffer);
    } finally {
      this.#reader = this.#start();
    }
  }

  close(): void {
    this.#framebuffer = undefined;
    this.#config = undefined;
  }

  #start(): MigrationStreamReader {
    this.close();
    return new MigrationStreamReader(mdpyStream(this.#mdpy.type), (tag, payload) => {
      this.#take(tag, payload);
    });
  }

  #take(tag: number, payload: Uint8Array): void {
    // Configuration space is read when the display stands, so it is the last.
    if (this.#config !== undefined) throw refused('it goes on behind configuration space');
    switch (tag) {
      case PAGES_CHUNK:
        this.#takePages(payload);
        return;
      case CONFIG_CHUNK:
        this.#config = payload.slice();
        return;
      default:
        throw refused(`chunk with tag ${tag}`);
    }
  }

  #takePages(payload: Uint8Array): void {
    const { length } = this.#mdpy.framebuffer;
    const offset = decodeOffset(payload);
    const pages = payload.subarray(OFFSET_SIZE);
    const isAligned = offset % PAGE_SIZE === 0 && pages.length % PAGE_SIZE === 0;
    if (!isAligned || offset + pages.length > length) {
      const range = `0x${offset.toString(16)}+0x${pages.length.toString(16)}`;
      throw refused(`pages ${range} are not in the frame buffer`);
    }
    this.#framebuffer ??= new Uint8Array(length);
    this.#framebuffer.set(pages, offset);
  }
}

function refused(fact: string): VfioError {
  return new VfioError('EINVAL', 'resume', fact);
}
