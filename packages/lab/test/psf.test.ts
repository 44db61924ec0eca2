import { describe, expect, test } from 'vitest';
import { LabError } from '../src/errors.ts';
import { parsePsf } from '../src/psf.ts';
import { readScreen } from '../src/screen.ts';

const HEIGHT = 2;

/** A font of 2 rows: glyph n has the rows n and 255 - n; glyph 65 is also drawn for U+0391. */
function psf(mode = 2): Uint8Array {
  const glyphs = Array.from({ length: 256 }, (_, n) => [n, 255 - n]).flat();
  const table = Array.from({ length: 256 }, (_, n) =>
    n === 65 ? [65, 0x391, 0xfffe, 66, 0x301, 0xffff] : [n, 0xffff],
  ).flat();
  return Uint8Array.from(
    [[0x36, 0x04, mode, HEIGHT], glyphs, table.flatMap((code) => [code & 0xff, code >> 8])].flat(),
  );
}

/** A picture of cells whose rows are the given ones, in ink on paper. */
function picture(cells: readonly (readonly number[])[], ink = 0xaaaaaa) {
  const width = cells.length * 8 + 3;
  const rgba = new Uint8Array(width * HEIGHT * 4);
  for (const [column, rows] of cells.entries()) {
    for (const [y, row] of rows.entries()) {
      for (let x = 0; x < 8; x++) {
        if ((row & (0x80 >> x)) === 0) continue;
        rgba.set([ink >> 16, (ink >> 8) & 0xff, ink & 0xff], (y * width + column * 8 + x) * 4);
      }
    }
  }
  return { width, height: HEIGHT, rgba };
}

describe('parsePsf', () => {
  test('finds a glyph by each of its characters, but not by a part of a sequence', () => {
    const { height, glyphs } = parsePsf(psf());
    expect(height).toBe(HEIGHT);
    expect(glyphs.get('A')).toEqual(Uint8Array.of(65, 190));
    expect(glyphs.get('\u{391}')).toEqual(Uint8Array.of(65, 190));
    expect(glyphs.get('B')).toEqual(Uint8Array.of(66, 189));
    expect(glyphs.get('\u{301}')).toBeUndefined();
  });

  test.each([
    ['nothing', new Uint8Array(0)],
    ['another format', Uint8Array.of(0x72, 0xb5, 0x4a, 0x86)],
    ['a font that is cut off', psf().subarray(0, 500)],
    ['a font without its table', psf(0)],
  ])('refuses %s', (_, bytes) => {
    expect(() => parsePsf(bytes)).toThrow(LabError);
  });
});

describe('readScreen', () => {
  const font = parsePsf(psf());

  test('reads characters, and leaves the blanks at the end out', () => {
    const cells = Array.from('Hi  ', (character) => Array.from(font.glyphs.get(character) ?? []));
    expect(readScreen(picture(cells), font)).toEqual(['Hi']);
  });

  test('a cell with one wrong pixel is unknown', () => {
    expect(
      readScreen(
        picture([
          [72, 183],
          [72, 182],
        ]),
        font,
      ),
    ).toEqual(['H\u{fffd}']);
  });

  test('a cell in another colour is unknown', () => {
    expect(readScreen(picture([[72, 183]], 0xaaaaab), font)).toEqual(['\u{fffd}']);
    const colours = { ink: 0xaaaaab, paper: 0 };
    expect(readScreen(picture([[72, 183]], 0xaaaaab), font, colours)).toEqual(['H']);
  });
});
