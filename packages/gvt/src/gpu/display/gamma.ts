// The palettes of a pipe. PRM volume 12 (Display), "LGC_PALETTE", "PAL_PREC_INDEX", "GAMMA_MODE".

import type { Register, RegisterStorage } from '../registers/register.ts';
import type { Palette } from './pixel-format.ts';

const PIPE_SIZE = 0x800;
const LGC_PALETTE = 0x4_a000;
const PREC_PAL_INDEX = 0x4_a400;
const PREC_PAL_DATA = 0x4_a404;
const GAMMA_MODE = 0x4_a480;

const PAL_PREC_AUTO_INCREMENT = 1 << 15;
const PAL_PREC_INDEX_VALUE_MASK = 0x3ff;

const GAMMA_MODE_MODE_MASK = 0b11;
const GAMMA_MODE_MODE_8BIT = 0;
const GAMMA_MODE_MODE_10BIT = 1;
const GAMMA_MODE_MODE_SPLIT = 3;

const ENTRIES = 256;
const PRECISE_ENTRIES = 1024;
/** In split mode the first half comes before the matrix of colours, the second one after it. */
const HALF = PRECISE_ENTRIES / 2;

const TEN_BITS = 0x3ff;

/** The palettes of one pipe: one of 256 colours, one of 1024 that is reached through an index. */
export class Gamma {
  readonly registers: readonly Register[];
  readonly #storage: RegisterStorage;
  readonly #at: number;
  readonly #precise = new Uint32Array(PRECISE_ENTRIES);

  constructor(pipe: number, storage: RegisterStorage) {
    const at = pipe * PIPE_SIZE;
    const suffix = 'ABC'[pipe] ?? '';
    this.#storage = storage;
    this.#at = at;
    this.registers = [
      { offset: PREC_PAL_INDEX + at, name: `PREC_PAL_INDEX_${suffix}` },
      {
        offset: PREC_PAL_DATA + at,
        name: `PREC_PAL_DATA_${suffix}`,
        read: () => this.#precise[this.#step()] ?? 0,
        written: (value) => void (this.#precise[this.#step()] = value),
      },
      { offset: GAMMA_MODE + at, name: `GAMMA_MODE_${suffix}` },
    ];
  }

  /** What indices stand for, XRGB8888. */
  get palette(): Palette {
    const first = LGC_PALETTE + this.#at;
    return Uint32Array.from({ length: ENTRIES }, (_, i) => this.#storage.get(first + i * 4));
  }

  /** What becomes of the values of each colour; `undefined` where they stay. */
  get correction(): Palette | undefined {
    switch (this.#storage.get(GAMMA_MODE + this.#at) & GAMMA_MODE_MODE_MASK) {
      case GAMMA_MODE_MODE_8BIT:
        return this.palette;
      case GAMMA_MODE_MODE_10BIT:
        return corrected((value, shift) => this.#look(value, shift));
      case GAMMA_MODE_MODE_SPLIT:
        return corrected((value, shift) => {
          const straight = this.#look(value >>> 1, shift);
          return this.#look(HALF + (straight >>> 1), shift);
        });
      default:
        return undefined;
    }
  }

  /** Follows a reset of the registers. */
  reset(): void {
    this.#precise.fill(0);
  }

  /** Where the index is; it goes on when it is told to. */
  #step(): number {
    const offset = PREC_PAL_INDEX + this.#at;
    const control = this.#storage.get(offset);
    const index = control & PAL_PREC_INDEX_VALUE_MASK;
    if ((control & PAL_PREC_AUTO_INCREMENT) !== 0) {
      const next = (index + 1) & PAL_PREC_INDEX_VALUE_MASK;
      this.#storage.set(offset, (control & ~PAL_PREC_INDEX_VALUE_MASK) | next);
    }
    return index;
  }

  /** Ten bits of one colour. */
  #look(index: number, shift: number): number {
    return ((this.#precise[index] ?? 0) >>> shift) & TEN_BITS;
  }
}

/** @param of - makes ten bits of ten of the colour that is at `shift` in XRGB2101010 */
function corrected(of: (value: number, shift: number) => number): Palette {
  return Uint32Array.from({ length: ENTRIES }, (_, i) => {
    const value = (i << 2) | (i >>> 6);
    const [r, g, b] = [of(value, 20), of(value, 10), of(value, 0)];
    return ((r >>> 2) << 16) | ((g >>> 2) << 8) | (b >>> 2);
  });
}
