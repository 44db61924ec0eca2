// Batches of commands that are executed over and over.

import { cmd, Context, Engine, MIB, PAGE, RCS } from '../../test/gpu/execution/guest.ts';
import { Stand } from './stand.ts';

const BATCH = 0x1_0000_0000;
const DATA = 0x2_0000_0000;
const PAGES = 64;
/** Times that a round executes the batch. */
const TIMES = 16;

/** What a client of the 3D pipeline sends for a draw, roughly. */
function draw(i: number): readonly number[] {
  const state = [0x7804_0002, 0, 0, 0, 0x7814_0001, 0, 0, 0x7808_0003, 0, 0, 0, 0];
  const flush = [0x7a00_0004, 0x10_0000, 0, 0, 0, 0];
  const primitive = [0x7b00_0005, 4, 3, 0, 1, 0, 0];
  const place = DATA + (i % 64) * 64;
  return [
    ...state,
    ...cmd.store(place, i),
    ...cmd.loadImm(RCS + 0x600, i, RCS + 0x604, 0),
    ...flush,
    ...primitive,
  ];
}

/** Commands of one {@link draw}. */
const PER_DRAW = 7;

/** A guest with a batch. */
export class CommandStand extends Stand {
  readonly #engine: Engine;
  readonly #context: Context;
  readonly #draws: number;

  constructor() {
    super(8 * MIB);
    const { guest } = this;
    this.#engine = new Engine(guest, RCS);
    this.#context = new Context(guest, 0x20);
    this.#context.process.pages(DATA);
    const batch = this.#context.process.pages(BATCH, PAGES);
    const one = draw(0).length;
    this.#draws = Math.floor((PAGES * PAGE) / 4 / one) - 1;
    for (let i = 0; i < this.#draws; i++) guest.setWords(batch + i * one * 4, draw(i));
    guest.setWord(batch + this.#draws * one * 4, cmd.batchEnd);
  }

  /** Executes it some times. @returns commands */
  execute(): number {
    for (let i = 0; i < TIMES; i++) this.#context.emit(...cmd.batch(BATCH));
    const before = this.guest.vgpu.counters.commands;
    this.#engine.submit(this.#context);
    this.loop.drain();
    const done = this.guest.vgpu.counters.commands - before;
    if (done < this.#draws * PER_DRAW * TIMES) throw new Error(`only ${done} commands`);
    return done;
  }
}
