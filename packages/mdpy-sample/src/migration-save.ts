// The saving side of a migration.

import { MigrationStreamWriter, type MigrationStream, type PrecopyInfo } from '@vfio-ts/core';
import { FramebufferCopy } from './framebuffer-copy.ts';
import {
  CONFIG_CHUNK,
  encodeOffset,
  mdpyStream,
  PAGES_CHUNK,
  type MdpyState,
} from './migration-layout.ts';

/** Bytes of frame buffer in a chunk at most, whole pages. */
const RUN = 0x1_0000;

/**
 * The state of a display as a stream: passes over the frame buffer while it runs, each with the pages that are not
 * yet sent as they are; and when it stands the rest of them and configuration space.
 */
export class MdpySaveStream implements MigrationStream {
  readonly #mdpy: MdpyState;
  readonly #copy: FramebufferCopy;
  readonly #writer: MigrationStreamWriter;
  /** Where the pass is in the frame buffer. */
  #at = 0;
  #isFirstPass = true;
  #isLast = false;

  constructor(mdpy: MdpyState) {
    this.#mdpy = mdpy;
    this.#copy = new FramebufferCopy(mdpy.framebuffer.length);
    this.#writer = new MigrationStreamWriter(mdpyStream(mdpy.type), () => this.#refill());
  }

  /** The device stands: begins the pass that is the last. */
  finish(): void {
    this.#at = 0;
    this.#isLast = true;
  }

  read(into: Uint8Array): number {
    return this.#writer.read(into);
  }

  precopyInfo(): PrecopyInfo {
    const { framebuffer } = this.#mdpy;
    const { queued } = this.#writer;
    if (!this.#isFirstPass) {
      return { initialBytes: 0, dirtyBytes: queued + this.#copy.dirtyBytes(framebuffer) };
    }
    return {
      initialBytes: queued + this.#copy.dirtyBytes(framebuffer, this.#at),
      dirtyBytes: this.#copy.dirtyBytes(framebuffer, 0, this.#at),
    };
  }

  #refill(): void {
    const { framebuffer, config } = this.#mdpy;
    const run = this.#copy.next(framebuffer, this.#at, RUN);
    if (run !== undefined) {
      this.#at = run.offset + run.bytes.length;
      this.#writer.put(PAGES_CHUNK, encodeOffset(run.offset), run.bytes);
    } else if (this.#isLast) {
      this.#writer.put(CONFIG_CHUNK, config.save());
      this.#writer.end();
    } else {
      this.#at = 0;
      this.#isFirstPass = false;
    }
  }
}
