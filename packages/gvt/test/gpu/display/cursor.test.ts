import { describe, expect, test } from 'vitest';
import {
  CURSOR,
  CURSOR_PHYSICAL,
  fill,
  frame,
  grid,
  picture,
  REG,
  scanning,
  setPlane,
  type Bench,
} from './bench.ts';

/** A cursor of one colour. */
function cursor(made: Bench, colours: number, position: number, control = 0x27): void {
  new Uint32Array(made.memory.buffer, CURSOR_PHYSICAL, 256 * 256).fill(colours);
  made.write(REG.CURCNTR, control);
  made.write(REG.CURPOS, position);
  made.write(REG.CURBASE, CURSOR);
  frame(made);
}

function white(width: number, height: number): Bench {
  const made = scanning(width, height);
  fill(
    made,
    [width, height],
    (x, y) => y * 2048 + x * 4,
    () => 0xff_ffff,
  );
  setPlane(made, { width, height, stride: 32 });
  return made;
}

describe('the cursor', () => {
  test.each([
    [64, 0x27],
    [128, 0x22],
    [256, 0x23],
  ])('of %i pixels lies on the planes', (size, control) => {
    const made = white(300, 2);
    cursor(made, 0xff00_00ff, 3, control);
    expect(picture(made)[1]).toEqual(
      Array.from({ length: 300 }, (_, x) => (x >= 3 && x < 3 + size ? 0xff : 0xff_ffff)),
    );
  });

  test('is cut at the edges', () => {
    const made = white(4, 4);
    cursor(made, 0xff00_00ff, (0x8000 + 62) * 0x1_0000 + 0x8000 + 63);
    const inside = grid(4, 4, (x, y) => (x < 1 && y < 2 ? 0xff : 0xff_ffff));
    expect(picture(made)).toEqual(inside);
  });

  test('is as high as it is told', () => {
    const made = white(2, 6);
    made.write(REG.CUR_FBC, 0x8000_0003);
    cursor(made, 0xff00_00ff, 0);
    expect(picture(made)).toEqual(grid(2, 6, (_, y) => (y < 4 ? 0xff : 0xff_ffff)));
  });

  test.each([
    ['nothing of a pixel without alpha', 0, 0xff_ffff],
    ['all of an opaque one', 0xff12_3456, 0x12_3456],
    ['half of a half', 0x8000_0080, 0x7f_7fff],
    ['more light of one that only adds', 0x0000_0010, 0xff_ffff],
  ])('shows %s', (_, colours, expected) => {
    const made = white(1, 1);
    cursor(made, colours, 0);
    expect(picture(made)).toEqual([[expected]]);
  });

  test('is off in modes of few colours', () => {
    const made = white(1, 1);
    cursor(made, 0xff00_0000, 0, 0x04);
    expect(picture(made)).toEqual([[0xff_ffff]]);
  });
});
