// One of the universal planes of a pipe. PRM volume 12 (Display), "PLANE_CTL" and the registers after it.

import type { Register, RegisterStorage } from '../registers/register.ts';
import { DoubleBuffer } from './double-buffer.ts';
import type { Layer } from './layer.ts';
import { pixelFormat } from './pixel-format.ts';
import { surfaceTiling } from './surface.ts';

/** Planes of a pipe. */
export const PLANES = 3;

const PLANE_SIZE = 0x100;
const PLANE_CTL = 0x7_0180;
const STRIDE = 0x08;
const POS = 0x0c;
const SIZE = 0x10;
const KEYMSK = 0x18;
const SURF = 0x1c;
const KEYMAX = 0x20;
const OFFSET = 0x24;
const SURFLIVE = 0x2c;

/** What takes effect together, and where it is among it. */
const LIVE = [0, STRIDE, POS, SIZE, SURF, OFFSET, KEYMSK, KEYMAX] as const;
const LIVE_CTL = 0;
const LIVE_STRIDE = 1;
const LIVE_POS = 2;
const LIVE_SIZE = 3;
const LIVE_SURF = 4;
const LIVE_OFFSET = 5;
const LIVE_KEYMSK = 6;
const LIVE_KEYMAX = 7;

const PLANE_CTL_ENABLE = 0x8000_0000;
const PLANE_CTL_PIPE_GAMMA_ENABLE = 1 << 30;
const PLANE_CTL_ORDER_RGBX = 1 << 20;
const PLANE_CTL_ASYNC_FLIP = 1 << 9;
const PLANE_CTL_ROTATE_180 = 0x2;
const PLANE_KEYMSK_ALPHA_ENABLE = 0x8000_0000;

/** What a plane tells its pipe. */
export interface PlaneHost {
  /** What is written takes effect at once: nothing is scanned, or the blank that has begun is not over. */
  isBlank(): boolean;
  /** A new surface is shown. */
  flipped(): void;
}

/** A plane of a pipe. */
export class Plane {
  readonly registers: readonly Register[];
  readonly #storage: RegisterStorage;
  readonly #base: number;
  readonly #buffer: DoubleBuffer;
  readonly #host: PlaneHost;

  /** @param pipe - 0 is A @param index - 0 is plane 1 */
  constructor(pipe: number, index: number, storage: RegisterStorage, host: PlaneHost) {
    const base = PLANE_CTL + pipe * 0x1000 + index * PLANE_SIZE;
    const suffix = `${index + 1}_${'ABC'[pipe]}`;
    this.#storage = storage;
    this.#base = base;
    this.#host = host;
    this.#buffer = new DoubleBuffer(LIVE.map((at) => base + at));
    this.registers = [
      { offset: base, name: `PLANE_CTL_${suffix}` },
      { offset: base + STRIDE, name: `PLANE_STRIDE_${suffix}` },
      { offset: base + POS, name: `PLANE_POS_${suffix}` },
      { offset: base + SIZE, name: `PLANE_SIZE_${suffix}` },
      { offset: base + SURF, name: `PLANE_SURF_${suffix}`, written: () => this.#arm() },
      { offset: base + OFFSET, name: `PLANE_OFFSET_${suffix}` },
      { offset: base + SURFLIVE, name: `PLANE_SURFLIVE_${suffix}`, kind: 'read-only' },
    ];
  }

  /** A vertical blank begins. */
  frame(): void {
    if (!this.#buffer.latch(this.#storage)) return;
    this.#storage.set(this.#base + SURFLIVE, this.#buffer.live(LIVE_SURF));
    this.#host.flipped();
  }

  get isOn(): boolean {
    return this.#buffer.live(LIVE_CTL) >= PLANE_CTL_ENABLE;
  }

  /** What is shown; `undefined` while it is off, or set to what is not drawn here. */
  layer(): Layer | undefined {
    if (!this.isOn) return undefined;
    const control = this.#buffer.live(LIVE_CTL);
    const position = this.#buffer.live(LIVE_POS);
    const size = this.#buffer.live(LIVE_SIZE);
    const offset = this.#buffer.live(LIVE_OFFSET);
    const isReversed = (control & PLANE_CTL_ORDER_RGBX) !== 0;
    const format = pixelFormat((control >>> 24) & 0xf, isReversed, (control >>> 4) & 0x3);
    const tiling = surfaceTiling((control >>> 10) & 0x7, format?.bytes ?? 0);
    const isTurned = (control & 1) !== 0;
    if (format === undefined || tiling === undefined || isTurned) return undefined;
    return {
      x: position & 0x1fff,
      y: (position >>> 16) & 0x1fff,
      width: (size & 0x1fff) + 1,
      height: ((size >>> 16) & 0x1fff) + 1,
      isUpsideDown: (control & PLANE_CTL_ROTATE_180) !== 0,
      hasGamma: (control & PLANE_CTL_PIPE_GAMMA_ENABLE) !== 0,
      opacity: this.#opacity,
      format,
      surface: {
        address: (this.#buffer.live(LIVE_SURF) & 0xffff_f000) >>> 0,
        pitch: (this.#buffer.live(LIVE_STRIDE) & 0x3ff) * tiling.strideUnit,
        x: offset & 0x1fff,
        y: (offset >>> 16) & 0x1fff,
        tiling,
      },
    };
  }

  get #opacity(): number {
    const isGiven = this.#buffer.live(LIVE_KEYMSK) >= PLANE_KEYMSK_ALPHA_ENABLE;
    return isGiven ? this.#buffer.live(LIVE_KEYMAX) >>> 24 : 255;
  }

  /** Follows a reset of the registers. */
  reset(): void {
    this.#buffer.reset();
  }

  #arm(): void {
    this.#buffer.arm();
    const isAsync = (this.#storage.get(this.#base) & PLANE_CTL_ASYNC_FLIP) !== 0;
    if (isAsync || this.#host.isBlank()) this.frame();
  }
}
