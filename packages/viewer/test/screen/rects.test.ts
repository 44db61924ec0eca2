import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rectsOf } from '../../src/screen/rects.ts';
import { TileSet } from '../../src/screen/tiles.ts';

const WIDTH = 500;
const HEIGHT = 200;

test('a whole picture is few rectangles', () => {
  const tiles = new TileSet(1920, 1080);
  tiles.addAll();
  const rects = rectsOf(tiles, { width: 1920, height: 1080 }, 2048);
  expect(rects.length).toBeLessThanOrEqual(9);
  expect(Math.max(...rects.map(({ width, height }) => width * height))).toBeLessThanOrEqual(
    2 ** 18,
  );
});

test('no tiles are no rectangles', () => {
  expect(rectsOf(new TileSet(WIDTH, HEIGHT), { width: WIDTH, height: HEIGHT }, 2048)).toEqual([]);
});

test('rectangles end where the client does', () => {
  const tiles = new TileSet(WIDTH, HEIGHT);
  tiles.addAll();
  const rects = rectsOf(tiles, { width: 100, height: 20 }, 2048);
  expect(rects).toContainEqual({ x: 0, y: 0, width: 100, height: 20 });
  expect(rects).toHaveLength(1);
});

test('each pixel of a tile is in one rectangle, and no other pixel is in any', () => {
  const { columns, rows } = new TileSet(WIDTH, HEIGHT);
  const flags = fc.array(fc.nat(1), { minLength: columns * rows, maxLength: columns * rows });
  fc.assert(
    fc.property(flags, fc.constantFrom(64, 128, 2048), (chosen, maxWidth) => {
      const tiles = new TileSet(WIDTH, HEIGHT);
      tiles.flags.set(chosen);
      const covered = new Uint8Array(WIDTH * HEIGHT);
      for (const rect of rectsOf(tiles, { width: WIDTH, height: HEIGHT }, maxWidth)) {
        expect(rect.width).toBeLessThanOrEqual(maxWidth);
        for (let y = rect.y; y < rect.y + rect.height; y++) {
          for (let x = rect.x; x < rect.x + rect.width; x++)
            covered[y * WIDTH + x] = (covered[y * WIDTH + x] ?? 0) + 1;
        }
      }
      const expected = covered.map((_, i) => {
        const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
        return chosen[Math.floor(y / 16) * columns + Math.floor(x / 64)] ?? 0;
      });
      expect(Buffer.compare(covered, expected)).toBe(0);
    }),
    { numRuns: 30 },
  );
});
