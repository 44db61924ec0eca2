// Pictures that change everywhere from frame to frame, and the number of the frame as the first pixels of each row.

/** Pixels. */
export const WIDTH = 1920;
/** Pixels. */
export const HEIGHT = 1080;
/** Pixels that hold the number, one bit each. */
export const NUMBER_BITS = 24;

/** What is drawn. */
export type Content = 'console' | 'text' | 'desktop' | 'video';

/** Frames that are made ahead and come again and again. */
const FRAMES = 6;
const INK = 0xaaaaaa;

/** A few frames of a kind. */
export function makeFrames(content: Content): readonly Uint32Array[] {
  return Array.from({ length: FRAMES }, (_, n) => {
    const pixels = new Uint32Array(WIDTH * HEIGHT);
    const colour = COLOUR[content];
    for (let i = 0; i < pixels.length; i++) pixels[i] = colour(i % WIDTH, Math.floor(i / WIDTH), n);
    return pixels;
  });
}

/**
 * Writes the number of a frame, in colours that each content has; in every row, so that no part of a picture comes
 * again: browsers remember images that they have decoded.
 */
export function writeNumber(pixels: Uint32Array, number: number): void {
  const bits = pixels.subarray(0, NUMBER_BITS);
  for (let bit = 0; bit < NUMBER_BITS; bit++) bits[bit] = (number >>> bit) & 1 ? INK : 0;
  for (let at = WIDTH; at < pixels.length; at += WIDTH) pixels.set(bits, at);
}

/** Glyphs of a font that are seen. */
const GLYPHS = 95;

const COLOUR: Readonly<Record<Content, (x: number, y: number, n: number) => number>> = {
  // Cells of 8x16 with glyphs of a font.
  console: (x, y, n) => glyphPixel(cellAt(x, y, n) % GLYPHS, x, y),
  // Each cell has a glyph of its own: what zlib finds least in.
  text: (x, y, n) => glyphPixel(cellAt(x, y, n), x, y),
  // Areas of few colours.
  desktop: (x, y, n) =>
    ((((x + n * 16) >> 5) * 0x1f3d5b + ((y + n * 16) >> 4) * 0x0b1c2d) & 0x707070) | 0x101010,
  // Every pixel its own.
  video: (x, y, n) =>
    (((x + n * 9) & 255) << 16) | (((y + n * 5) & 255) << 8) | ((x * 3 + y * 7 + n * 31) & 255),
};

function cellAt(x: number, y: number, n: number): number {
  return Math.imul((x >> 3) * 131 + (y >> 4) * 7919 + n * 104_729, 0x9e37_79b1) >>> 0;
}

function glyphPixel(glyph: number, x: number, y: number): number {
  const row = Math.imul(glyph ^ ((y & 15) * 0x85eb), 0xc2b2_ae35);
  const isInk = ((row >>> (8 + (x & 7))) & 1) === 1 && (x & 7) < 7 && (y & 15) > 1 && (y & 15) < 13;
  return isInk ? INK : 0;
}
