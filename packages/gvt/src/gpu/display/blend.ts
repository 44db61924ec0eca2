// Colours over colours, ARGB8888. What is divided by 255 is rounded, as graphics libraries do it: drivers' tests compare
// what they draw with what is put together here.

import type { Palette, PixelFormat } from './pixel-format.ts';

/** The greatest value of alpha. */
export const OPAQUE = 255;

/** Gives each colour what its own column of a palette has for it. */
export function applyPalette(pixels: Uint32Array, palette: Palette): void {
  for (let i = 0; i < pixels.length; i++) {
    const pixel = pixels[i] ?? 0;
    const r = (palette[(pixel >>> 16) & 0xff] ?? 0) & 0xff_0000;
    const g = (palette[(pixel >>> 8) & 0xff] ?? 0) & 0xff00;
    const b = (palette[pixel & 0xff] ?? 0) & 0xff;
    pixels[i] = (pixel & 0xff00_0000) | r | g | b;
  }
}

/**
 * Lays pixels over others.
 *
 * @param alpha - what their upper bytes mean
 * @param opacity - of all of them, 0 to 255
 */
export function blend(
  from: Uint32Array,
  onto: Uint32Array,
  alpha: PixelFormat['alpha'],
  opacity: number,
): void {
  for (let i = 0; i < from.length; i++) {
    const top = weighted(from[i] ?? 0, alpha, opacity);
    const covered = top >>> 24;
    if (covered === OPAQUE) onto[i] = top;
    else if (top !== 0) onto[i] = added(top, scaled(onto[i] ?? 0, OPAQUE - covered));
  }
}

/** Colours times what covers of them, and that. */
function weighted(pixel: number, alpha: PixelFormat['alpha'], opacity: number): number {
  if (alpha === 'premultiplied') return opacity === OPAQUE ? pixel : scaled(pixel, opacity);
  const own = alpha === 'coverage' ? pixel >>> 24 : OPAQUE;
  return scaled(pixel | 0xff00_0000, rounded(own * opacity));
}

/** All four colours times `by` / 255, rounded. */
function scaled(pixel: number, by: number): number {
  const even = rounded((pixel & 0xff_00ff) * by);
  const odd = rounded(((pixel >>> 8) & 0xff_00ff) * by);
  return (even | (odd << 8)) >>> 0;
}

/** Two products of 16 bits over 255. */
function rounded(products: number): number {
  const biased = products + 0x80_0080;
  return ((biased + ((biased >>> 8) & 0xff_00ff)) >>> 8) & 0xff_00ff;
}

/** Each colour is 255 at most. */
function added(a: number, b: number): number {
  let sum = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    sum |= Math.min(255, ((a >>> shift) & 0xff) + ((b >>> shift) & 0xff)) << shift;
  }
  return sum >>> 0;
}
