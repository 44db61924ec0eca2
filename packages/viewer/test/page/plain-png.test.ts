import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodePlainPng, encodePng } from '../../src/encode/png.ts';
import { PlainPngReader } from '../../src/page/web/plain-png.ts';

/** Bytes behind the pixels: their checksum, and the last chunk. */
const CHECKSUM_SIZE = 4;
const END_SIZE = 12;

/** An image of `colours` colours, and its pixels as a canvas has them. */
function sample(width: number, height: number, colours: number) {
  const palette = Uint8Array.from({ length: colours * 3 }, (_, i) => i * 37 + 5);
  const depth = colours === 2 ? 1 : 8;
  const rowLength = 1 + Math.ceil((width * depth) / 8);
  const rows = new Uint8Array(rowLength * height);
  const pixels = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Every third row is as the one above.
      const index = (x * 7 + (y - (y % 3 === 2 ? 1 : 0)) * 13) % colours;
      const at = y * rowLength + 1 + ((x * depth) >> 3);
      rows[at] = (rows[at] ?? 0) | (index << (8 - depth - ((x * depth) & 7)));
      pixels.set([...palette.subarray(index * 3, index * 3 + 3), 255], (y * width + x) * 4);
    }
  }
  return { image: { width, height, palette, rows }, pixels };
}

test('an image has the pixels that it was made of', () => {
  const sizes = fc.tuple(fc.integer({ min: 17, max: 300 }), fc.integer({ min: 1, max: 40 }));
  const reader = new PlainPngReader();
  fc.assert(
    fc.property(sizes, fc.integer({ min: 2, max: 256 }), ([width, height], colours) => {
      const { image, pixels } = sample(width, height, colours);
      const read = reader.read(encodePlainPng(image), width, height);
      expect(pixels.compare(read ?? Buffer.alloc(0))).toBe(0);
    }),
  );
});

test('an image that is compressed is left to the browser', async () => {
  const { image } = sample(64, 32, 9);
  expect(new PlainPngReader().read(await encodePng(image, 6), 64, 32)).toBeUndefined();
});

test('an image of another size than its rectangle is left to the browser', () => {
  const { image } = sample(64, 32, 9);
  expect(new PlainPngReader().read(encodePlainPng(image), 32, 64)).toBeUndefined();
});

test('an image that is cut off anywhere in its pixels, or before, is left to the browser', () => {
  const { image } = sample(64, 32, 2);
  const file = encodePlainPng(image);
  const reader = new PlainPngReader();
  const end = file.length - CHECKSUM_SIZE - END_SIZE;
  for (let length = 0; length < end; length++) {
    expect(reader.read(file.subarray(0, length), 64, 32)).toBeUndefined();
  }
});
