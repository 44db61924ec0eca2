// What the bytes of a pixel mean. PRM volume 12 (Display), "PLANE_CTL", source pixel format.

/** A palette of 256 colours, XRGB8888. */
export type Palette = Uint32Array;

/** How pixels are kept. */
export interface PixelFormat {
  readonly name: string;
  /** Bytes of a pixel. */
  readonly bytes: number;
  /** How what is below shines through; not at all when left out. */
  readonly alpha?: 'premultiplied' | 'coverage';
  /** The bytes stand for colours of a palette. */
  readonly isIndexed?: boolean;
  /** The bytes are what is shown. */
  readonly isNative?: boolean;
  /** Makes ARGB8888 of a row; the upper byte counts where there is alpha only. */
  convert(from: Uint8Array, count: number, into: Uint32Array, palette: Palette): void;
}

/** The values of PLANE_CTL's alpha field. */
const ALPHA_PREMULTIPLIED = 2;
const ALPHA_COVERAGE = 3;

const XRGB8888: PixelFormat = { name: 'XRGB8888', bytes: 4, isNative: true, convert: copy };
const XBGR8888: PixelFormat = { name: 'XBGR8888', bytes: 4, convert: swap };

/** Colours that have been multiplied with their alpha. */
export const ARGB8888: PixelFormat = {
  name: 'ARGB8888',
  bytes: 4,
  alpha: 'premultiplied',
  convert: copy,
};

const ABGR8888: PixelFormat = { ...ARGB8888, name: 'ABGR8888', convert: swap };
const XRGB2101010: PixelFormat = {
  name: 'XRGB2101010',
  bytes: 4,
  convert: (from, count, into) => convertDeep(from, count, into, 20, 0),
};
const XBGR2101010: PixelFormat = {
  name: 'XBGR2101010',
  bytes: 4,
  convert: (from, count, into) => convertDeep(from, count, into, 0, 20),
};
const RGB565: PixelFormat = { name: 'RGB565', bytes: 2, convert: convert565 };
const C8: PixelFormat = { name: 'C8', bytes: 1, isIndexed: true, convert: look };

/**
 * The format of a value of PLANE_CTL bits 27:24.
 *
 * @param isReversed - red is in the low bits
 * @param alpha - bits 5:4
 * @returns `undefined` for what is not drawn here
 */
export function pixelFormat(
  value: number,
  isReversed: boolean,
  alpha: number,
): PixelFormat | undefined {
  switch (value) {
    case 2:
      return isReversed ? XBGR2101010 : XRGB2101010;
    case 4:
      return eightBits(isReversed, alpha);
    case 12:
      return C8;
    case 14:
      return RGB565;
    default:
      return undefined;
  }
}

function eightBits(isReversed: boolean, alpha: number): PixelFormat {
  const blended = isReversed ? ABGR8888 : ARGB8888;
  if (alpha === ALPHA_PREMULTIPLIED) return blended;
  if (alpha === ALPHA_COVERAGE) return { ...blended, alpha: 'coverage' };
  return isReversed ? XBGR8888 : XRGB8888;
}

function copy(from: Uint8Array, count: number, into: Uint32Array): void {
  for (let i = 0, at = 0; i < count; i++, at += 4) into[i] = word(from, at);
}

function swap(from: Uint8Array, count: number, into: Uint32Array): void {
  for (let i = 0, at = 0; i < count; i++, at += 4) {
    const pixel = word(from, at);
    into[i] = (pixel & 0xff00_ff00) | ((pixel & 0xff) << 16) | ((pixel >>> 16) & 0xff);
  }
}

/** @param red - its lowest bit of ten @param blue - likewise */
function convertDeep(
  from: Uint8Array,
  count: number,
  into: Uint32Array,
  red: number,
  blue: number,
): void {
  for (let i = 0, at = 0; i < count; i++, at += 4) {
    const pixel = word(from, at);
    const r = (pixel >>> (red + 2)) & 0xff;
    const g = (pixel >>> 12) & 0xff;
    const b = (pixel >>> (blue + 2)) & 0xff;
    into[i] = (r << 16) | (g << 8) | b;
  }
}

function convert565(from: Uint8Array, count: number, into: Uint32Array): void {
  for (let i = 0, at = 0; i < count; i++, at += 2) {
    const pixel = (from[at] ?? 0) | ((from[at + 1] ?? 0) << 8);
    const r = pixel >>> 11;
    const g = (pixel >>> 5) & 0x3f;
    const b = pixel & 0x1f;
    into[i] = (((r << 3) | (r >>> 2)) << 16) | (((g << 2) | (g >>> 4)) << 8) | (b << 3) | (b >>> 2);
  }
}

function look(from: Uint8Array, count: number, into: Uint32Array, palette: Palette): void {
  for (let i = 0; i < count; i++) into[i] = palette[from[i] ?? 0] ?? 0;
}

function word(from: Uint8Array, at: number): number {
  return (
    (from[at] ?? 0) |
    ((from[at + 1] ?? 0) << 8) |
    ((from[at + 2] ?? 0) << 16) |
    ((from[at + 3] ?? 0) << 24)
  );
}
