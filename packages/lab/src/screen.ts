import type { ConsoleFont } from './psf.ts';

/** A picture of a screen: rows from the top, four bytes a pixel, red first. */
export interface ScreenPicture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Colours of the console as `0xrrggbb`; the kernel's grey on black by default. */
export interface ScreenColours {
  readonly ink: number;
  readonly paper: number;
}

const GLYPH_WIDTH = 8;
const KERNEL_COLOURS: ScreenColours = { ink: 0xaaaaaa, paper: 0 };
const UNKNOWN = '\u{fffd}';

/**
 * Reads the text of a console off its picture: a line for each row of cells, without the blanks at
 * its end. A cell is a printable ASCII character only if each of its pixels is as the font has it, in
 * exactly these colours; any other cell is U+FFFD.
 */
export function readScreen(
  picture: ScreenPicture,
  font: ConsoleFont,
  colours: ScreenColours = KERNEL_COLOURS,
): string[] {
  const characters = new Map<string, string>();
  for (let code = 0x7e; code >= 0x20; code--) {
    const character = String.fromCharCode(code);
    const glyph = font.glyphs.get(character);
    if (glyph !== undefined) characters.set(glyph.join(), character);
  }
  const columns = Math.floor(picture.width / GLYPH_WIDTH);
  const lines = Math.floor(picture.height / font.height);
  return Array.from({ length: lines }, (_line, line) =>
    Array.from({ length: columns }, (_column, column) => {
      const at = { left: column * GLYPH_WIDTH, top: line * font.height };
      return characters.get(cell(picture, at, font.height, colours)) ?? UNKNOWN;
    })
      .join('')
      .trimEnd(),
  );
}

/** A cell's rows as a glyph has them; a row with a foreign colour is like no row of a glyph. */
function cell(
  { width, rgba }: ScreenPicture,
  { left, top }: { readonly left: number; readonly top: number },
  height: number,
  { ink, paper }: ScreenColours,
): string {
  return Array.from({ length: height }, (_, y) => {
    let row = 0;
    for (let x = 0; x < GLYPH_WIDTH; x++) {
      const at = ((top + y) * width + left + x) * 4;
      const colour = ((rgba[at] ?? 0) << 16) | ((rgba[at + 1] ?? 0) << 8) | (rgba[at + 2] ?? 0);
      if (colour !== ink && colour !== paper) return Number.NaN;
      row = (row << 1) | (colour === ink ? 1 : 0);
    }
    return row;
  }).join();
}
