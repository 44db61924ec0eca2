import { describe, expect, test } from 'vitest';
import { fill, frame, picture, scanning, setPlane, XRGB8888, type Bench } from './bench.ts';

/** Writes entries as drivers do, the index going on by itself. */
function load({ write }: Bench, of: (i: number) => number): void {
  write(0x4_a400, 1 << 15);
  for (let i = 0; i < 1024; i++) write(0x4_a404, of(i) * 0x10_0401);
  write(0x4_a400, 0);
}

/** One pixel through the palettes. */
function shown(mode: number): Bench {
  const made = scanning(1, 1);
  made.write(0x4_a480, mode);
  fill(
    made,
    [1, 1],
    () => 0,
    () => 0x00_20ff,
  );
  setPlane(made, { control: XRGB8888 + 0x4000_0000, width: 1, height: 1, stride: 1 });
  frame(made);
  return made;
}

/** What a white plane with these pixels lets be seen of a black ground. */
function seen(alpha: number, opacity: number, pixel: number): number | undefined {
  const made = scanning(1, 1);
  fill(
    made,
    [1, 1],
    () => 0,
    () => pixel,
  );
  made.write(0x7_0198, 0x8000_0000);
  made.write(0x7_01a0, opacity * 0x100_0000);
  setPlane(made, { control: XRGB8888 + alpha, width: 1, height: 1, stride: 1 });
  frame(made);
  return picture(made)[0]?.[0];
}

describe('colours go through the precise palette', () => {
  test('of ten bits', () => {
    const made = shown(1);
    load(made, (i) => 1023 - i);
    expect(picture(made)).toEqual([[0xff_df00]]);
  });

  test('in two halves, one after the other', () => {
    const made = shown(3);
    load(made, (i) => (i < 512 ? 1023 - i * 2 : (i - 512) >>> 1));
    expect(picture(made)).toEqual([[0x3f_3700]]);
  });

  test('and not in a mode that is not known', () => {
    expect(picture(shown(2))).toEqual([[0x00_20ff]]);
  });

  test('which reads as it was written, until a reset', () => {
    const made = shown(1);
    load(made, (i) => i);
    made.write(0x4_a400, (1 << 15) | 1023);
    expect([made.read(0x4_a404), made.read(0x4_a404)]).toEqual([1023 * 0x10_0401, 0]);
    made.vgpu.reset(false);
    made.write(0x4_a400, 1023);
    expect([made.read(0x4_a404), made.read(0x4_a404)]).toEqual([0, 0]);
  });
});

describe('a plane of which all is a little transparent', () => {
  test.each([
    ['without an own alpha', 0x00, 0x00ff_ffff, 0x7e_7e7e],
    ['premultiplied', 0x20, 0x8080_8080, 0x3f_3f3f],
    ['with coverage', 0x30, 0x80ff_ffff, 0x3f_3f3f],
  ])('%s', (_, alpha, pixel, expected) => {
    expect(seen(alpha, 0x7e, pixel)).toBe(expected);
  });

  test('in whichever order alpha and opacity are given', () => {
    expect(seen(0x30, 0x7e, 0xfcff_ffff)).toBe(seen(0x30, 0xfc, 0x7eff_ffff));
  });
});
