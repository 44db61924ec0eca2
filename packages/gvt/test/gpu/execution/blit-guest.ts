// A guest that blits.

import { BCS, cmd, Context, Engine, Guest, PAGE } from './guest.ts';

/** A surface of a blit. */
export interface Place {
  readonly address: number;
  /** Bytes. */
  readonly pitch: number;
  readonly tiling: 'linear' | 'x' | 'y' | 'yf';
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Fill {
  readonly to: Place;
  readonly box: Box;
  readonly depth: 1 | 2 | 4;
  readonly color: number;
  readonly rop?: number;
  /** Of pixels of 32 bits: colours, alpha, both. */
  readonly lanes?: 'rgb' | 'alpha' | 'all' | 'none';
  readonly isClipped?: boolean;
}

export interface Copy extends Omit<Fill, 'color'> {
  readonly from: Place;
  readonly left: number;
  readonly top: number;
}

export interface FastCopy extends Omit<Copy, 'depth' | 'rop' | 'lanes' | 'isClipped'> {
  readonly depth: 1 | 2 | 4 | 8 | 16;
}

const LANES = { none: 0, rgb: 1 << 20, alpha: 1 << 21, all: 3 << 20 };
const DEPTHS = { 1: 0, 2: 1, 4: 3, 8: 4, 16: 5 };
const TILINGS = { linear: 0, x: 1, y: 2, yf: 2 };

const pair = (x: number, y: number): number => ((y << 16) | (x & 0xffff)) >>> 0;
const low = (address: number): number => address % 2 ** 32;
const high = (address: number): number => Math.floor(address / 2 ** 32);
const pitch = (place: Place): number =>
  (place.tiling === 'linear' ? place.pitch : place.pitch / 4) & 0xffff;

function swctrl(destination: Place, source?: Place): readonly number[] {
  const bits = (source?.tiling === 'y' ? 1 : 0) | (destination.tiling === 'y' ? 2 : 0);
  return cmd.loadImm(BCS + 0x200, 0x3_0000 | bits);
}

/** XY_COLOR_BLT. */
export function fill({ to, box, depth, color, ...more }: Fill): readonly number[] {
  const { rop = 0xf0, lanes = 'all', isClipped = false } = more;
  return [
    ...swctrl(to),
    (0x5400_0005 | LANES[lanes] | (to.tiling === 'linear' ? 0 : 1 << 11)) >>> 0,
    ((isClipped ? 1 << 30 : 0) | (DEPTHS[depth] << 24) | (rop << 16) | pitch(to)) >>> 0,
    pair(box.left, box.top),
    pair(box.right, box.bottom),
    low(to.address),
    high(to.address),
    color,
  ];
}

/** What copies end with: a box of one surface, and where in the other it comes from. */
function ends({ to, from, box, left, top }: Omit<FastCopy, 'depth'>): readonly number[] {
  return [
    pair(box.left, box.top),
    pair(box.right, box.bottom),
    low(to.address),
    high(to.address),
    pair(left, top),
    pitch(from),
    low(from.address),
    high(from.address),
  ];
}

/** XY_SRC_COPY_BLT. */
export function copy({ to, from, box, depth, left, top, ...more }: Copy): readonly number[] {
  const { rop = 0xcc, lanes = 'all', isClipped = false } = more;
  const tiled = (to.tiling === 'linear' ? 0 : 1 << 11) | (from.tiling === 'linear' ? 0 : 1 << 15);
  return [
    ...swctrl(to, from),
    (0x54c0_0008 | LANES[lanes] | tiled) >>> 0,
    ((isClipped ? 1 << 30 : 0) | (DEPTHS[depth] << 24) | (rop << 16) | pitch(to)) >>> 0,
    ...ends({ to, from, box, left, top }),
  ];
}

/** XY_FAST_COPY_BLT. */
export function fastCopy({ to, from, box, depth, left, top }: FastCopy): readonly number[] {
  const yf = (from.tiling === 'yf' ? 1 << 31 : 0) | (to.tiling === 'yf' ? 1 << 30 : 0);
  return [
    (0x5080_0008 | (TILINGS[from.tiling] << 20) | (TILINGS[to.tiling] << 13)) >>> 0,
    ((DEPTHS[depth] << 24) | yf | pitch(to)) >>> 0,
    ...ends({ to, from, box, left, top }),
  ];
}

/** XY_SETUP_CLIP_BLT. */
export function clip(box: Box): readonly number[] {
  return [0x40c0_0001, pair(box.left, box.top), pair(box.right, box.bottom)];
}

/** Process addresses of the surfaces; pages of the second are in reverse, so that they are not side by side. */
export const FIRST = 0x1_0000_0000;
export const SECOND = 0x2_0000_0000;

/** A guest with two surfaces, full of different bytes. */
export class BlitGuest extends Guest {
  readonly engine: Engine = new Engine(this, BCS);
  readonly context: Context = new Context(this, 0x60);
  /** Physical. */
  readonly first: number;
  readonly second: number;
  readonly size: number;

  constructor(pages = 16) {
    super();
    this.size = pages * PAGE;
    this.first = this.pages(pages);
    this.second = this.pages(pages);
    const { process } = this.context;
    for (let i = 0; i < pages; i++) {
      process.map(FIRST + i * PAGE, this.first + i * PAGE);
      process.map(SECOND + i * PAGE, this.second + (pages - 1 - i) * PAGE);
    }
    this.refill();
  }

  /** Gives the surfaces their first contents. */
  refill(): void {
    for (let i = 0; i < this.size; i++) {
      this.ram.bytes[this.first + i] = i * 7 + (i >>> 8);
      this.ram.bytes[this.second + i] = i * 13 + (i >>> 9) + 1;
    }
  }

  /** Bytes as the process sees them. */
  contents(surface: typeof FIRST | typeof SECOND): Uint8Array {
    if (surface === FIRST) return this.ram.bytes.slice(this.first, this.first + this.size);
    const pages = this.size / PAGE;
    const seen = new Uint8Array(this.size);
    for (let i = 0; i < pages; i++) {
      const at = this.second + (pages - 1 - i) * PAGE;
      seen.set(this.ram.bytes.subarray(at, at + PAGE), i * PAGE);
    }
    return seen;
  }

  blit(...commands: readonly (readonly number[])[]): void {
    for (const command of commands) this.context.emit(...command);
    this.engine.submit(this.context);
    this.run();
  }
}
