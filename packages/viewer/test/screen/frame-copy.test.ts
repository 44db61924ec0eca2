import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameCopy, type FrameChange } from '../../src/screen/frame-copy.ts';
import { TestPicture } from '../support.ts';

function update(copy: FrameCopy, picture: TestPicture): FrameChange | undefined {
  const frame = picture.frame();
  return frame && copy.update(frame);
}

/** What somebody has who carries out a change: the copies, and then the tiles. */
function carriedOut(before: Uint32Array, copy: FrameCopy, change: FrameChange): Uint32Array {
  const { width } = copy;
  const after = before.slice();
  for (const { y, from, height } of change.copies) {
    after.copyWithin(y * width, from * width, (from + height) * width);
  }
  for (const [i, flag] of change.rest.flags.entries()) {
    if (flag === 0) continue;
    const [left, top] = [(i % change.rest.columns) * 64, Math.floor(i / change.rest.columns) * 16];
    for (let y = top; y < Math.min(top + 16, copy.height); y++) {
      const end = Math.min(left + 64, width);
      after.set(copy.pixels.subarray(y * width + left, y * width + end), y * width + left);
    }
  }
  return after;
}

describe('a copy of a picture', () => {
  test.each([0, 3])('finds nothing where nothing has changed (gap of %d words)', (gap) => {
    const picture = new TestPicture(130, 50, gap);
    picture.fill(0x123456);
    const copy = new FrameCopy(130, 50);
    expect(update(copy, picture)).toBeDefined();
    expect(update(copy, picture)).toBeUndefined();
  });

  test.each([
    [0, 0, 0],
    [63, 15, 0],
    [64, 0, 1],
    [129, 0, 2],
    [0, 16, 3],
    [129, 49, 11],
  ])('finds the tile of the pixel %d, %d', (x, y, tile) => {
    const picture = new TestPicture(130, 50, 2);
    const copy = new FrameCopy(130, 50);
    picture.fill(0xff, x, y, 1, 1);
    const { tiles } = update(copy, picture) ?? {};
    expect([...(tiles?.flags.entries() ?? [])].filter(([, flag]) => flag === 1)).toEqual([
      [tile, 1],
    ]);
    expect(copy.pixels).toEqual(picture.visible);
  });

  test('finds a console that has scrolled by a line', () => {
    const picture = new TestPicture(320, 320);
    for (let y = 0; y < 320; y++) picture.fill(0x1000 + y, 0, y, 320, 1);
    const copy = new FrameCopy(320, 320);
    update(copy, picture);
    picture.pixels.copyWithin(0, 16 * 320);
    picture.fill(0x77, 0, 304, 320, 16);
    const change = update(copy, picture);
    expect(change?.copies).toEqual([{ y: 0, height: 304, from: 16 }]);
    expect(change?.rest.count).toBe(5);
    expect(copy.pixels).toEqual(picture.visible);
  });

  test('copies nothing where the rows that look moved have been drawn on', () => {
    const picture = new TestPicture(320, 320);
    for (let y = 0; y < 320; y++) picture.fill(0x1000 + y, 0, y, 320, 1);
    const copy = new FrameCopy(320, 320);
    update(copy, picture);
    picture.pixels.copyWithin(0, 16 * 320);
    // Beside what the search looks at.
    for (let y = 0; y < 320; y++) picture.fill(0xff, 1, y, 1, 1);
    expect(update(copy, picture)?.copies).toEqual([]);
    expect(copy.pixels).toEqual(picture.visible);
  });

  const drawing = fc.oneof(
    fc.record({
      x: fc.nat(149),
      y: fc.nat(199),
      width: fc.integer({ min: 1, max: 150 }),
      height: fc.integer({ min: 1, max: 200 }),
      colour: fc.nat(0xff_ffff),
    }),
    fc.record({ scroll: fc.integer({ min: -100, max: 100 }) }),
  );

  test('whoever carries out its changes has the picture, whatever is drawn', () => {
    const frames = fc.array(fc.array(drawing, { maxLength: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(frames, fc.nat(3), (drawn, gap) => {
        const picture = new TestPicture(150, 200, gap);
        const row = 150 + gap;
        for (let y = 0; y < 200; y++) picture.fill(y * 0x10203, 0, y, 150, 1);
        const copy = new FrameCopy(150, 200);
        let seen: Uint32Array = new Uint32Array(150 * 200);
        for (const drawings of [[], ...drawn]) {
          for (const one of drawings) {
            if ('scroll' in one) {
              const [to, from] = [Math.max(0, -one.scroll), Math.max(0, one.scroll)];
              const rows = 200 - Math.abs(one.scroll);
              picture.pixels.copyWithin(to * row, from * row, (from + rows) * row);
            } else {
              const width = Math.min(one.width, 150 - one.x);
              picture.fill(one.colour, one.x, one.y, width, Math.min(one.height, 200 - one.y));
            }
          }
          const now = picture.visible;
          const change = update(copy, picture);
          if (change !== undefined) seen = carriedOut(seen, copy, change);
          expect(Buffer.compare(bytesOf(seen), bytesOf(now))).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });
});

function bytesOf(pixels: Uint32Array): Buffer {
  return Buffer.from(pixels.map((pixel) => pixel & 0xff_ffff).buffer);
}
