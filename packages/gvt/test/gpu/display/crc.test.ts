import { describe, expect, test } from 'vitest';
import { Tiling, tiledOffset } from '../../../src/gpu/memory/tiling.ts';
import {
  CURSOR,
  CURSOR_PHYSICAL,
  fill,
  frame,
  ON,
  PHYSICAL,
  REG,
  scanning,
  setPlane,
  XRGB8888,
  type Bench,
} from './bench.ts';

/** Of the next frame with what is written now, all five. */
function sums(made: Bench): number[] {
  made.write(0x6_0050, ON);
  frame(made);
  frame(made);
  return sumsNow(made);
}

function sumsNow(made: Bench): number[] {
  return [1, 2, 3, 4, 5].map((n) => made.read(0x6_0060 + n * 4));
}

function filled(colours: number, setting: { x?: number; tiled?: boolean } = {}): Bench {
  const { x = 0, tiled = false } = setting;
  const made = scanning(8, 8);
  fill(
    made,
    [64, 8],
    (column, row) => (tiled ? tiledOffset(Tiling.x, column * 4, row, 512) : row * 512 + column * 4),
    () => colours,
  );
  const control = XRGB8888 + (tiled ? 1 << 10 : 0);
  setPlane(made, { control, width: 8, height: 8, stride: tiled ? 1 : 8, x });
  frame(made);
  return made;
}

describe('check sums', () => {
  test('are equal for equal pictures, however they come about', () => {
    expect(sums(filled(0x12_3456))).toEqual(sums(filled(0xff12_3456, { tiled: true })));
  });

  test.each([
    ['one more bit', 0x12_3457, {}],
    ['another place', 0x12_3456, { x: 1 }],
  ])('differ for %s', (_, colours, setting) => {
    expect(sums(filled(colours, setting))).not.toEqual(sums(filled(0x12_3456)));
  });

  test('are of the whole picture: the cursor is in it', () => {
    const made = filled(0xff_ffff);
    const before = sums(made);
    new Uint32Array(made.memory.buffer, CURSOR_PHYSICAL, 4096).fill(0xffff_0000);
    made.write(REG.CURCNTR, 0x27);
    made.write(REG.CURBASE, CURSOR);
    expect(sums(made)).not.toEqual(before);
    made.write(REG.CURCNTR, 0);
    made.write(REG.CURBASE, 0);
    expect(sums(made)).toEqual(before);
  });

  test('are of the frame that has been sent, not of the one that begins', () => {
    const made = filled(0xff_ffff);
    const before = sums(made);
    made.write(REG.PLANE_SURF, 0);
    frame(made);
    expect(sumsNow(made)).toEqual(before);
    frame(made);
    expect(sumsNow(made)).not.toEqual(before);
  });

  test('follow what the guest writes into memory', () => {
    const made = filled(0xff_ffff);
    const before = sums(made);
    made.memory[PHYSICAL] = 0;
    expect(sums(made)).not.toEqual(before);
  });
});
