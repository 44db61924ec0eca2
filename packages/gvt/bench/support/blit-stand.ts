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

/** A guest with the surfaces. */
export class BlitStand extends Stand {
  readonly #engine: Engine;
  readonly #context: Context;
  readonly #first: Uint8Array;
  readonly #second: Uint8Array;
  readonly #words: Uint32Array;

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
    this.#words = guest.ram.words.subarray(first / 4, (first + SURFACE) / 4);
  }

  fill(): void {
    this.#run(fill({ to: surface(FIRST), box: BOX, depth: 4, color: COLOR }));
  }

  bareFill(): void {
    this.#words.fill(COLOR);
  }

  copy(): void {
    const to = surface(SECOND);
    const from = surface(FIRST);
    this.#run(copy({ to, from, box: BOX, left: 0, top: 0, depth: 4 }));
  }

  bareCopy(): void {
    this.#second.set(this.#first);
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
