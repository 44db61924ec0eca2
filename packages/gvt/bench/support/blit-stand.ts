// Two surfaces of 8 MiB, filled and copied by the blitter and by the thread itself.

import { copy, fill, type Place } from '../../test/gpu/execution/blit-guest.ts';
import { BCS, Context, Engine, MIB, PAGE } from '../../test/gpu/execution/guest.ts';
import { Stand } from './stand.ts';

/** Bytes of a surface. */
export const SURFACE: number = 8 * MIB;

/** Where the pages of a surface are in the guest's memory. */
export type Pages = 'side-by-side' | 'anywhere';

const FIRST = 0x1_0000_0000;
const SECOND = 0x2_0000_0000;
const PITCH = 4096;
const COUNT = SURFACE / PAGE;
const HEIGHT = SURFACE / PITCH;
const COLOR = 0x1234_5678;
/** Goes through all pages, as 2048 and it have no common divisor. */
const STRIDE = 1021;

interface Part {
  readonly words: Uint32Array;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** A guest with the surfaces. */
export class BlitStand extends Stand {
  readonly #engine: Engine;
  readonly #context: Context;
  readonly #first: Uint8Array;
  readonly #second: Uint8Array;
  /** What the thread itself fills and copies: all of a surface, or page by page in the surface's order. */
  readonly #parts: readonly Part[];

  constructor(pages: Pages) {
    super(3 * SURFACE);
    const { guest } = this;
    this.#engine = new Engine(guest, BCS);
    this.#context = new Context(guest, 0x20);
    const [first, second] = [guest.pages(COUNT), guest.pages(COUNT)];
    for (let i = 0; i < COUNT; i++) {
      const page = pages === 'anywhere' ? (i * STRIDE) % COUNT : i;
      this.#context.process.map(FIRST + i * PAGE, first + page * PAGE);
      this.#context.process.map(SECOND + i * PAGE, second + page * PAGE);
    }
    this.#first = guest.ram.bytes.subarray(first, first + SURFACE);
    this.#second = guest.ram.bytes.subarray(second, second + SURFACE);
    const size = pages === 'anywhere' ? PAGE : SURFACE;
    this.#parts = Array.from({ length: SURFACE / size }, (_, i) => {
      const at = pages === 'anywhere' ? ((i * STRIDE) % COUNT) * PAGE : 0;
      return {
        words: guest.ram.words.subarray((first + at) / 4, (first + at + size) / 4),
        from: this.#first.subarray(at, at + size),
        to: this.#second.subarray(at, at + size),
      };
    });
  }

  fill(): void {
    this.#run(fill({ to: surface(FIRST), box: BOX, depth: 4, color: COLOR }));
  }

  bareFill(): void {
    for (const { words } of this.#parts) words.fill(COLOR);
  }

  copy(): void {
    const to = surface(SECOND);
    const from = surface(FIRST);
    this.#run(copy({ to, from, box: BOX, left: 0, top: 0, depth: 4 }));
  }

  bareCopy(): void {
    for (const { from, to } of this.#parts) to.set(from);
  }

  /** @throws Error it has not done what was asked for */
  check(): void {
    this.#first.fill(0);
    this.#second.fill(0);
    this.fill();
    this.copy();
    const words = new Uint32Array(this.#second.buffer, this.#second.byteOffset, SURFACE / 4);
    if (!words.every((word) => word === COLOR))
      throw new Error('the copy is not what it should be');
  }

  #run(commands: readonly number[]): void {
    this.#context.emit(...commands);
    this.#engine.submit(this.#context);
    this.loop.drain();
  }
}

const BOX = { left: 0, top: 0, right: PITCH / 4, bottom: HEIGHT };

function surface(address: number): Place {
  return { address, pitch: PITCH, tiling: 'linear' };
}
