// What a context has of an engine's registers for itself: the values are in its image while another context runs. Kaby
// Lake PRM, volume 7, "Logical Ring Context Format".
//
// A driver only copies what the engine has stored behind the ring's part of the image, and never looks into it: all values
// are together there, in an order of our own.

import type { Ggtt } from '../memory/ggtt.ts';
import { PAGE_SIZE } from '../memory/paged-memory.ts';
import type { EngineLayout, EngineName } from '../registers/engines.ts';
import type { RegisterStorage } from '../registers/register.ts';
import { BCS_SWCTRL, CS_GPR, INSTPM, MI_PREDICATE_SRC0 } from './engine-offsets.ts';

/** Where they begin: behind all that i915 writes in the page of registers. */
const PLACE = PAGE_SIZE + 0x400;

/** First register from the base of the engine, how many. */
const EVERY_ENGINE = [
  [INSTPM, 1],
  [MI_PREDICATE_SRC0, 8],
  [CS_GPR, 32],
] as const;

/** First register, how many. */
const ONE_ENGINE: Readonly<Record<EngineName, readonly (readonly [number, number])[]>> = {
  RCS0: [
    [0x2158, 1],
    [0x2290, 2],
    [0x22c8, 2],
    [0x22d8, 2],
    [0x22f0, 4],
    [0x2300, 22],
    [0x2360, 2],
    [0x2420, 9],
    [0x2448, 4],
    [0x2500, 3],
    [0x2580, 1],
    [0x5200, 24],
    [0x5280, 4],
    [0x7000, 7],
    [0x7034, 1],
    [0x7300, 2],
    [0xe100, 1],
    [0xe180, 6],
    [0xe400, 2],
    [0xe4f0, 2],
  ],
  BCS0: [[0x2_2000 + BCS_SWCTRL, 1]],
  VCS0: [],
  VECS0: [],
};

/** The registers of one engine that belong to the context that runs. */
export class ContextRegisters {
  readonly #ggtt: Ggtt;
  readonly #registers: RegisterStorage;
  readonly #offsets: readonly number[];
  readonly #values: Uint32Array;
  readonly #bytes: Uint8Array;

  constructor(ggtt: Ggtt, registers: RegisterStorage, { name, base }: EngineLayout) {
    this.#ggtt = ggtt;
    this.#registers = registers;
    const ranges = [
      ...EVERY_ENGINE.map(([first, count]) => [base + first, count] as const),
      ...ONE_ENGINE[name],
    ];
    this.#offsets = ranges.flatMap(([first, count]) =>
      Array.from({ length: count }, (_, i) => first + i * 4),
    );
    this.#values = new Uint32Array(this.#offsets.length);
    this.#bytes = new Uint8Array(this.#values.buffer);
  }

  /** Gives the registers the values of a context. @param page - graphics address of its image */
  load(page: number): void {
    this.#ggtt.read(page + PLACE, this.#bytes);
    for (let i = 0; i < this.#offsets.length; i++) {
      this.#registers.set(this.#offsets[i] ?? 0, this.#values[i] ?? 0);
    }
  }

  /** Opposite direction of {@link ContextRegisters.load}. */
  save(page: number): void {
    for (let i = 0; i < this.#offsets.length; i++) {
      this.#values[i] = this.#registers.get(this.#offsets[i] ?? 0);
    }
    this.#ggtt.write(page + PLACE, this.#bytes);
  }
}
