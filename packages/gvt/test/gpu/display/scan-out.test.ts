import { describe, expect, test } from 'vitest';
import { Tiling, tiledOffset } from '../../../src/gpu/memory/tiling.ts';
import {
  bench,
  fill,
  frame,
  grid,
  ON,
  PHYSICAL,
  picture,
  scanning,
  setMode,
  setPlane,
  colour,
  SURFACE,
  XRGB8888,
} from './bench.ts';

test('nothing is shown while the pipe is off or no plane is on', () => {
  const made = bench();
  expect(made.vgpu.screen()).toBeUndefined();
  expect(made.vgpu.draw(new Uint8Array(16))).toBeUndefined();
  setMode(made);
  frame(made);
  expect(made.vgpu.screen()).toBeUndefined();
});

test('a picture that does not fit is not drawn', () => {
  const made = scanning(16, 4);
  setPlane(made, { width: 16, height: 4, stride: 1 });
  frame(made);
  expect(made.vgpu.draw(new Uint8Array(16 * 4 * 4 - 1))).toBeUndefined();
  expect(made.vgpu.draw(new Uint8Array(16 * 4 * 4))).toEqual({ width: 16, height: 4 });
});

describe('formats', () => {
  test.each([
    ['XRGB8888', 0x0400_0000, [0x33, 0x22, 0x11, 0x7f], 0x11_2233],
    ['XBGR8888', 0x0410_0000, [0x11, 0x22, 0x33, 0x7f], 0x11_2233],
    ['XRGB2101010', 0x0200_0000, [0x01, 0xfc, 0xff, 0xff], 0xff_ff00],
    ['XBGR2101010', 0x0210_0000, [0x01, 0xfc, 0xff, 0xff], 0x00_ffff],
    ['RGB565, red', 0x0e00_0000, [0x00, 0xf8], 0xff_0000],
    ['RGB565, green', 0x0e00_0000, [0xe0, 0x07], 0x00_ff00],
    ['RGB565, blue', 0x0e00_0000, [0x1f, 0x00], 0x00_00ff],
    ['RGB565, grey', 0x0e00_0000, [0x10, 0x84], 0x84_8284],
    ['8 bits, indexed', 0x0c00_0000, [0x81], 0xab_cdef],
  ])('%s', (_, control, bytes, expected) => {
    const made = scanning(2, 1);
    made.write(0x4_a000 + 0x81 * 4, 0xab_cdef);
    made.memory.set([...bytes, ...bytes], PHYSICAL);
    setPlane(made, { control: ON + control, width: 2, height: 1, stride: 1 });
    frame(made);
    expect(picture(made)).toEqual([[expected, expected]]);
  });

  test.each([
    ['of a video', 0x0100_0000],
    ['of floating points', 0x0600_0000],
    ['in a tiling that is none', 0x0400_0800],
    ['turned by 90 degrees', 0x0400_0001],
  ])('a plane %s shows what is behind it', (_, control) => {
    const made = scanning(2, 1);
    made.write(0x7_0034, (0xff << 22) | (0x80 << 12) | (0x01 << 2));
    setPlane(made, { control: ON + control, width: 2, height: 1, stride: 1 });
    frame(made);
    expect(picture(made)).toEqual([[0xff_8001, 0xff_8001]]);
  });
});

function bit(value: number, from: number, to: number): number {
  return ((value >>> from) & 1) << to;
}

/** Yf of 32 bits a pixel, one tile: the bits of column and row take turns. */
function yfOffset(x: number, y: number): number {
  return (
    (x & 15) +
    ((y & 3) << 4) +
    bit(x, 4, 6) +
    bit(y, 2, 7) +
    bit(x, 5, 8) +
    bit(y, 3, 9) +
    bit(x, 6, 10) +
    bit(y, 4, 11)
  );
}

describe('tilings', () => {
  const width = 150;
  const height = 70;

  test.each([
    ['linear', 0, 64, 1, Tiling.linear],
    ['X', 1, 512, 8, Tiling.x],
    ['Y', 4, 128, 32, Tiling.y],
  ] as const)('%s', (_, value, unit, __, tiling) => {
    const made = scanning(width, height);
    const pitch = 1024;
    fill(made, [width, height], (x, y) => tiledOffset(tiling, x * 4, y, pitch));
    setPlane(made, { control: XRGB8888 + (value << 10), width, height, stride: pitch / unit });
    frame(made);
    expect(picture(made)).toEqual(grid(width, height, colour));
  });

  test('Yf', () => {
    const made = scanning(width, height);
    fill(made, [width, height], (x, y) => {
      const tile = Math.floor(y / 32) * 8 + Math.floor(x / 32);
      return tile * 4096 + yfOffset((x % 32) * 4, y % 32);
    });
    setPlane(made, { control: XRGB8888 + (5 << 10), width, height, stride: 8 });
    frame(made);
    expect(picture(made)).toEqual(grid(width, height, colour));
  });

  test.each([
    ['linear', 0, 64, Tiling.linear],
    ['X', 1, 512, Tiling.x],
    ['Y', 4, 128, Tiling.y],
  ] as const)('%s, from an offset inside the surface', (_, value, unit, tiling) => {
    const made = scanning(20, 10);
    const pitch = 1024;
    fill(made, [200, 64], (x, y) => tiledOffset(tiling, x * 4, y, pitch));
    const control = XRGB8888 + (value << 10);
    const offset = (27 << 16) | 125;
    setPlane(made, { control, width: 20, height: 10, stride: pitch / unit, offset });
    frame(made);
    expect(picture(made)).toEqual(grid(20, 10, (x, y) => colour(x + 125, y + 27)));
  });
});

describe('planes', () => {
  test('lie where they are put, the higher ones on top, nothing outside', () => {
    const made = scanning(4, 3);
    fill(
      made,
      [64, 3],
      (x, y) => y * 64 * 4 + x * 4,
      (_, y) => 0x10 + y,
    );
    setPlane(made, { width: 3, height: 3, stride: 4, x: 1, y: 1 });
    setPlane(made, { width: 1, height: 9, stride: 4, x: 2, y: 2, plane: 1 });
    frame(made);
    expect(picture(made)).toEqual([
      [0, 0, 0, 0],
      [0, 0x10, 0x10, 0x10],
      [0, 0x11, 0x10, 0x11],
    ]);
  });

  test('beside the picture are not drawn', () => {
    const made = scanning(2, 1);
    setPlane(made, { width: 2, height: 1, stride: 1, x: 2 });
    frame(made);
    expect(picture(made)).toEqual([[0, 0]]);
  });

  test('are turned by 180 degrees', () => {
    const made = scanning(2, 2);
    fill(
      made,
      [3, 2],
      (x, y) => y * 64 + x * 4,
      (x, y) => y * 16 + x,
    );
    setPlane(made, { control: XRGB8888 + 2, width: 3, height: 2, stride: 1 });
    frame(made);
    expect(picture(made)).toEqual([
      [0x12, 0x11],
      [0x02, 0x01],
    ]);
  });

  test.each([
    ['that are premultiplied', 0x20, 0x40_2010, 0x40 + 0x40],
    ['with coverage', 0x30, 0x80_4020, 0x40 + 0x40],
  ])('let what is below shine through colours %s', (_, alpha, top, red) => {
    const made = scanning(1, 1);
    fill(
      made,
      [1, 1],
      () => 0,
      () => 0x80_8080,
    );
    fill(
      made,
      [1, 1],
      () => 64,
      () => 0x8000_0000 + top,
    );
    setPlane(made, { width: 1, height: 1, stride: 1 });
    setPlane(made, {
      control: XRGB8888 + alpha,
      width: 1,
      height: 1,
      stride: 1,
      offset: 16,
      plane: 1,
    });
    frame(made);
    expect((picture(made)[0]?.[0] ?? 0) >>> 16).toBeCloseTo(red, -1);
  });

  test('go through the palette of the pipe when they are to', () => {
    const made = scanning(1, 1);
    for (let i = 0; i < 256; i++) made.write(0x4_a000 + i * 4, (255 - i) * 0x1_0101);
    fill(
      made,
      [1, 1],
      () => 0,
      () => 0x10_20f0,
    );
    setPlane(made, { control: XRGB8888 + 0x4000_0000, width: 1, height: 1, stride: 1 });
    frame(made);
    expect(picture(made)).toEqual([[0xef_df0f]]);
  });

  test('show nothing where no memory is', () => {
    const made = scanning(1, 2);
    setPlane(made, { width: 1, height: 2, stride: 64, address: SURFACE + 63 * 4096 });
    made.memory.fill(0x55, PHYSICAL + 63 * 4096, PHYSICAL + 65 * 4096);
    frame(made);
    expect(picture(made)).toEqual([[0x55_5555], [0]]);
    expect(made.vgpu.counters.faults).toBeGreaterThan(0);
  });
});
