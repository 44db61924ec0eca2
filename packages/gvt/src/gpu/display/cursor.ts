// The cursor of a pipe. PRM volume 12 (Display), "CUR_CTL" and the registers after it.

import type { Register, RegisterStorage } from '../registers/register.ts';
import { DoubleBuffer } from './double-buffer.ts';
import type { Layer } from './layer.ts';
import { ARGB8888 } from './pixel-format.ts';
import type { PlaneHost } from './plane.ts';
import { LINEAR } from './surface.ts';

const CURCNTR = 0x7_0080;
const BASE = 0x04;
const POS = 0x08;
const FBC_CTL = 0x20;
const SURFLIVE = 0x2c;

const MCURSOR_GAMMA_ENABLE = 1 << 26;
const MCURSOR_ROTATE_180 = 1 << 15;
const MCURSOR_MODE_MASK = 0x27;
const CUR_FBC_EN = 0x8000_0000;
const CUR_FBC_HEIGHT_MASK = 0xff;
const CURSOR_POS_SIGN = 0x8000;
const CURSOR_POS_MASK = 0x7fff;

/** Edge, in pixels, of the modes with 32 bits a pixel. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0x27, 64],
  [0x22, 128],
  [0x23, 256],
]);

/** The cursor of a pipe. */
export class Cursor {
  readonly registers: readonly Register[];
  readonly #storage: RegisterStorage;
  readonly #base: number;
  readonly #buffer: DoubleBuffer;
  readonly #isBlank: PlaneHost['isBlank'];

  /** @param isBlank - what is written takes effect at once, as of {@link PlaneHost} */
  constructor(pipe: number, storage: RegisterStorage, isBlank: PlaneHost['isBlank']) {
    const base = CURCNTR + pipe * 0x1000;
    const suffix = 'ABC'[pipe] ?? '';
    this.#storage = storage;
    this.#base = base;
    this.#isBlank = isBlank;
    this.#buffer = new DoubleBuffer([0, BASE, POS, FBC_CTL].map((at) => base + at));
    this.registers = [
      { offset: base, name: `CURCNTR_${suffix}` },
      { offset: base + BASE, name: `CURBASE_${suffix}`, written: () => this.#arm() },
      { offset: base + POS, name: `CURPOS_${suffix}` },
      { offset: base + FBC_CTL, name: `CUR_FBC_CTL_${suffix}` },
      { offset: base + SURFLIVE, name: `CURSURFLIVE_${suffix}`, kind: 'read-only' },
    ];
  }

  /** A vertical blank begins. */
  frame(): void {
    if (!this.#buffer.latch(this.#storage)) return;
    this.#storage.set(this.#base + SURFLIVE, this.#buffer.live(1));
  }

  /** What is shown; `undefined` while it is off, or of few colours. */
  layer(): Layer | undefined {
    const control = this.#buffer.live(0);
    const position = this.#buffer.live(2);
    const compression = this.#buffer.live(3);
    const width = SIZES.get(control & MCURSOR_MODE_MASK);
    if (width === undefined) return undefined;
    const isShort = compression >= CUR_FBC_EN;
    return {
      x: coordinate(position),
      y: coordinate(position >>> 16),
      width,
      height: isShort ? Math.min(width, (compression & CUR_FBC_HEIGHT_MASK) + 1) : width,
      isUpsideDown: (control & MCURSOR_ROTATE_180) !== 0,
      hasGamma: (control & MCURSOR_GAMMA_ENABLE) !== 0,
      opacity: 255,
      format: ARGB8888,
      surface: {
        address: (this.#buffer.live(1) & 0xffff_f000) >>> 0,
        pitch: width * 4,
        x: 0,
        y: 0,
        tiling: LINEAR,
      },
    };
  }

  /** Follows a reset of the registers. */
  reset(): void {
    this.#buffer.reset();
  }

  #arm(): void {
    this.#buffer.arm();
    if (this.#isBlank()) this.frame();
  }
}

/** Sign and magnitude. */
function coordinate(value: number): number {
  const magnitude = value & CURSOR_POS_MASK;
  return (value & CURSOR_POS_SIGN) === 0 ? magnitude : -magnitude;
}
