// From tiles to the few rectangles that are sent.

import { TILE_HEIGHT, TILE_WIDTH, type Rect, type TileSet } from './tiles.ts';

/** Rectangles are cut at so many pixels, so that none takes long to encode; more only where one row of tiles has more. */
const MAX_PIXELS = 2 ** 18;

/**
 * Rectangles that cover the tiles and nothing else, from the top, cut to the size of the picture.
 *
 * @param maxWidth - pixels, of each rectangle; a multiple of the width of a tile
 */
export function rectsOf(
  { columns, rows, flags }: TileSet,
  { width, height }: { readonly width: number; readonly height: number },
  maxWidth: number,
): Rect[] {
  const left = flags.slice();
  const rects: Rect[] = [];
  const maxColumns = maxWidth / TILE_WIDTH;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (left[row * columns + column] !== 1) continue;
      let end = column + 1;
      while (end < columns && end - column < maxColumns && left[row * columns + end] === 1) end++;
      const most = Math.max(
        1,
        Math.floor(MAX_PIXELS / ((end - column) * TILE_WIDTH * TILE_HEIGHT)),
      );
      let bottom = row + 1;
      while (bottom < rows && bottom - row < most && isRun(left, bottom * columns, column, end)) {
        bottom++;
      }
      for (let y = row; y < bottom; y++) left.fill(0, y * columns + column, y * columns + end);
      const [x, y] = [column * TILE_WIDTH, row * TILE_HEIGHT];
      const rect = {
        x,
        y,
        width: Math.min(end * TILE_WIDTH, width) - x,
        height: Math.min(bottom * TILE_HEIGHT, height) - y,
      };
      if (rect.width > 0 && rect.height > 0) rects.push(rect);
      column = end - 1;
    }
  }
  return rects;
}

/** Whether a row of tiles has all of the run; what is more in it becomes rectangles of its own. */
function isRun(left: Uint8Array, start: number, column: number, end: number): boolean {
  for (let i = start + column; i < start + end; i++) if (left[i] !== 1) return false;
  return true;
}
