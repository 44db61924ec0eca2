import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Colours } from '../../src/encode/colours.ts';

const RGB = 0xff_ffff;
const WIDTH = 70;
const HEIGHT = 5;

/** Indices of a picture's pixels, row by row; some rows are as the one above. */
const indices = fc
  .array(fc.array(fc.nat(), { minLength: WIDTH, maxLength: WIDTH }), {
    minLength: HEIGHT,
    maxLength: HEIGHT,
  })
  .map((rows) => rows.flatMap((row, y) => ((row[0] ?? 0) % 3 === 0 ? (rows[y - 1] ?? row) : row)));

test('colours and pixels of a rectangle are those of the picture, whatever the top byte is', () => {
  const rects = fc.record({ x: fc.nat(40), y: fc.nat(2), width: fc.integer({ min: 1, max: 30 }) });
  const palette = fc.uniqueArray(fc.nat(RGB), { minLength: 1, maxLength: 5 });
  const top = fc.nat(0xff);
  fc.assert(
    fc.property(indices, rects, palette, top, (all, { x, y, width }, list, unused) => {
      const wanted = all.map((index) => list[index % list.length] ?? 0);
      const pixels = Uint32Array.from(wanted, (colour, i) => (((i * unused) << 24) | colour) >>> 0);
      const rect = { x, y, width, height: HEIGHT - y };
      const colours = new Colours(1);
      const count = colours.count({ pixels, width: WIDTH }, rect);
      const rowLength = 1 + (count === 2 ? Math.ceil(width / 8) : width);
      const seen = new Set<number>();
      for (let row = 0; row < rect.height; row++) {
        for (let column = 0; column < width; column++) {
          const colour = wanted[(y + row) * WIDTH + x + column] ?? 0;
          seen.add(colour);
          if (count === 1) continue;
          const at = row * rowLength + 1;
          const bit = ((colours.bytes[at + (column >> 3)] ?? 0) >> (7 - (column & 7))) & 1;
          const index = count === 2 ? bit : (colours.bytes[at + column] ?? 0);
          expect(colours.list[index]).toBe(colour);
        }
      }
      expect(count).toBe(seen.size);
      expect([...colours.list.subarray(0, count)].every((colour) => seen.has(colour))).toBe(true);
    }),
  );
});
