// Where a byte of a tiled surface is. Kaby Lake PRM, volume 5 "Memory Views", Address Tiling Function.
//
// A tile is 4 KiB: X is 512 bytes by 8 rows, row after row; Y is 128 bytes by 32 rows, columns of 16 bytes one after the
// other; Yf is as large as Y, and above 64 bytes the bits of column and row take turns. Tiles follow each other along the
// pitch. No bit is swizzled.

/** How a surface is laid out. */
export const Tiling = { linear: 0, x: 1, y: 2, yf: 3 } as const;
/** How a surface is laid out. */
export type Tiling = (typeof Tiling)[keyof typeof Tiling];

/** Bytes that stay side by side in memory, when they begin at a multiple of as many. */
export const TILE_RUN: readonly number[] = [Number.MAX_SAFE_INTEGER, 512, 16, 16];

const TILE_SIZE = 4096;

/**
 * Bytes from the start of the surface.
 *
 * @param x - bytes from the start of the row, not negative
 * @param y - row, not negative
 * @param pitch - bytes of a row; of a tiled surface a multiple of the tile's width
 */
export function tiledOffset(tiling: Tiling, x: number, y: number, pitch: number): number {
  switch (tiling) {
    case Tiling.linear:
      return y * pitch + x;
    case Tiling.x:
      return (y >>> 3) * 8 * pitch + (x >>> 9) * TILE_SIZE + (y & 7) * 512 + (x & 511);
    case Tiling.y:
      return (
        (y >>> 5) * 32 * pitch +
        (x >>> 7) * TILE_SIZE +
        ((x & 127) >>> 4) * 512 +
        (y & 31) * 16 +
        (x & 15)
      );
    case Tiling.yf:
      return (y >>> 5) * 32 * pitch + (x >>> 7) * TILE_SIZE + inYf(x, y);
  }
}

/** Of surfaces whose pixels have two or four bytes. */
function inYf(x: number, y: number): number {
  let offset = (x & 15) | ((y & 3) << 4);
  for (let i = 0; i < 3; i++) {
    offset |= ((x >>> (4 + i)) & 1) << (6 + i * 2);
    offset |= ((y >>> (2 + i)) & 1) << (7 + i * 2);
  }
  return offset;
}
