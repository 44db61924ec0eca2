import { LabError } from './errors.ts';

// The PC Screen Font format, version 1, as psfaddtable(1) describes it: a header of 4 bytes, the
// glyphs, and a table with the characters of each glyph.

/** A font of a text console: one bit a pixel, 8 pixels a row. */
export interface ConsoleFont {
  /** Rows of a glyph. */
  readonly height: number;
  /** A glyph by its character: a byte for each row, the leftmost pixel in the highest bit. */
  readonly glyphs: ReadonlyMap<string, Uint8Array>;
}

const MAGIC = 0x0436;
const HEADER_SIZE = 4;
const MODE_512 = 1;
const MODE_HAS_TABLE = 2;
const SEQUENCE = 0xfffe;
const TERMINATOR = 0xffff;

/**
 * Reads a font.
 * @throws LabError if it is not whole, or of another format.
 */
export function parsePsf(bytes: Uint8Array): ConsoleFont {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_SIZE || view.getUint16(0, true) !== MAGIC) {
    throw new LabError('the console font is not of the format PSF 1');
  }
  const mode = view.getUint8(2);
  const height = view.getUint8(3);
  const count = (mode & MODE_512) === 0 ? 256 : 512;
  const table = HEADER_SIZE + count * height;
  if (bytes.length < table || (mode & MODE_HAS_TABLE) === 0) {
    throw new LabError('the console font ends early or does not say what its glyphs are');
  }
  const glyphs = new Map<string, Uint8Array>();
  let index = 0;
  let inSequence = false;
  for (let at = table; at + 2 <= bytes.length && index < count; at += 2) {
    const code = view.getUint16(at, true);
    if (code === TERMINATOR) {
      index++;
      inSequence = false;
    } else if (code === SEQUENCE) {
      inSequence = true;
    } else if (!inSequence) {
      const first = HEADER_SIZE + index * height;
      glyphs.set(String.fromCharCode(code), bytes.subarray(first, first + height));
    }
  }
  return { height, glyphs };
}
