// Registers that take effect together, at a vertical blank after one of them was written. PRM volume 12 (Display),
// "Double Buffered Registers".

import type { RegisterStorage } from '../registers/register.ts';

/** The buffered registers of one plane or cursor. */
export class DoubleBuffer {
  readonly #offsets: readonly number[];
  readonly #live: Uint32Array;
  #isArmed = false;

  /** @param offsets - registers of the group; the n-th is {@link DoubleBuffer.live} n */
  constructor(offsets: readonly number[]) {
    this.#offsets = offsets;
    this.#live = new Uint32Array(offsets.length);
  }

  /** What is in effect. */
  live(n: number): number {
    return this.#live[n] ?? 0;
  }

  /** The register that arms has been written. */
  arm(): void {
    this.#isArmed = true;
  }

  /** Takes what is written, when it is armed. @returns whether it was */
  latch(registers: RegisterStorage): boolean {
    if (!this.#isArmed) return false;
    this.#isArmed = false;
    for (const [i, offset] of this.#offsets.entries()) this.#live[i] = registers.get(offset);
    return true;
  }

  /** Everything is 0. */
  reset(): void {
    this.#isArmed = false;
    this.#live.fill(0);
  }
}
