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
const SURF = 0x1c;
const OFFSET = 0x24;
const SURFLIVE = 0x2c;

const PLANE_CTL_ENABLE = 0x8000_0000;
const PLANE_CTL_PIPE_GAMMA_ENABLE = 1 << 30;
const PLANE_CTL_ORDER_RGBX = 1 << 20;
const PLANE_CTL_ASYNC_FLIP = 1 << 9;
const PLANE_CTL_ROTATE_180 = 0x2;

/** What a plane tells its pipe. */
export interface PlaneHost {
  /** Nothing is scanned: what is written takes effect at once. */
  isStill(): boolean;
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
    this.#buffer = new DoubleBuffer([0, STRIDE, POS, SIZE, SURF, OFFSET].map((at) => base + at));
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
    this.#storage.set(this.#base + SURFLIVE, this.#buffer.live(4));
    this.#host.flipped();
  }

  /** What is shown; `undefined` while it is off, or set to what is not drawn here. */
  layer(): Layer | undefined {
    const [control, stride, position, size, surface, offset] = [0, 1, 2, 3, 4, 5].map((n) =>
      this.#buffer.live(n),
    );
    if (control === undefined || control < PLANE_CTL_ENABLE) return undefined;
    const isReversed = (control & PLANE_CTL_ORDER_RGBX) !== 0;
    const format = pixelFormat((control >>> 24) & 0xf, isReversed, (control >>> 4) & 0x3);
    const tiling = surfaceTiling((control >>> 10) & 0x7, format?.bytes ?? 0);
    const isTurned = (control & 1) !== 0;
    if (format === undefined || tiling === undefined || isTurned) return undefined;
    return {
      x: low(position) & 0x1fff,
      y: high(position) & 0x1fff,
      width: (low(size) & 0x1fff) + 1,
      height: (high(size) & 0x1fff) + 1,
      isUpsideDown: (control & PLANE_CTL_ROTATE_180) !== 0,
      hasGamma: (control & PLANE_CTL_PIPE_GAMMA_ENABLE) !== 0,
      format,
      surface: {
        address: ((surface ?? 0) & 0xffff_f000) >>> 0,
        pitch: ((stride ?? 0) & 0x3ff) * tiling.strideUnit,
        x: low(offset) & 0x1fff,
        y: high(offset) & 0x1fff,
        tiling,
      },
    };
  }

  /** Follows a reset of the registers. */
  reset(): void {
    this.#buffer.reset();
  }

  #arm(): void {
    this.#buffer.arm();
    const isAsync = (this.#storage.get(this.#base) & PLANE_CTL_ASYNC_FLIP) !== 0;
    if (isAsync || this.#host.isStill()) this.frame();
  }
}

function low(value: number | undefined): number {
  return (value ?? 0) & 0xffff;
}

function high(value: number | undefined): number {
  return (value ?? 0) >>> 16;
}
