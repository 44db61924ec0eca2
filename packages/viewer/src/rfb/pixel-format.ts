// Pixel formats of clients, RFC 6143, 7.4, and the way there from x:R:G:B.

/** How a client wants pixels. */
export interface PixelFormat {
  readonly bitsPerPixel: 8 | 16 | 32;
  readonly depth: number;
  readonly isBigEndian: boolean;
  /** Otherwise pixels are indices of a colour map, which is {@link MAPPED}. */
  readonly isTrueColour: boolean;
  readonly redMax: number;
  readonly greenMax: number;
  readonly blueMax: number;
  readonly redShift: number;
  readonly greenShift: number;
  readonly blueShift: number;
}

/** Bytes of a format on the wire. */
export const PIXEL_FORMAT_SIZE = 16;

/** What devices have, so that nothing is converted: little endian x:R:G:B. */
export const NATIVE_FORMAT: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  isBigEndian: false,
  isTrueColour: true,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
};

/** The colours of a client that wants a map: 3 bits of red, 3 of green, 2 of blue. */
export const MAPPED: PixelFormat = {
  ...NATIVE_FORMAT,
  bitsPerPixel: 8,
  depth: 8,
  redMax: 7,
  greenMax: 7,
  blueMax: 3,
  redShift: 0,
  greenShift: 3,
  blueShift: 6,
};

/** Reads a format; `undefined` when it is none. */
export function decodePixelFormat(bytes: Buffer): PixelFormat | undefined {
  const bitsPerPixel = bytes.readUInt8(0);
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32) return undefined;
  if (bytes.readUInt8(3) === 0)
    return bitsPerPixel === 8 ? { ...MAPPED, isTrueColour: false } : undefined;
  const format = {
    bitsPerPixel,
    depth: bytes.readUInt8(1),
    isBigEndian: bytes.readUInt8(2) !== 0,
    isTrueColour: true,
    redMax: bytes.readUInt16BE(4),
    greenMax: bytes.readUInt16BE(6),
    blueMax: bytes.readUInt16BE(8),
    redShift: bytes.readUInt8(10),
    greenShift: bytes.readUInt8(11),
    blueShift: bytes.readUInt8(12),
  } as const;
  const fits = [
    [format.redMax, format.redShift],
    [format.greenMax, format.greenShift],
    [format.blueMax, format.blueShift],
  ].every(
    ([max = 0, shift = 0]) => isMask(max) && shift < 32 && max * 2 ** shift < 2 ** bitsPerPixel,
  );
  return fits ? format : undefined;
}

function isMask(max: number): boolean {
  return max > 0 && (max & (max + 1)) === 0;
}

/** Writes a format. */
export function encodePixelFormat(format: PixelFormat): Buffer {
  const bytes = Buffer.alloc(PIXEL_FORMAT_SIZE);
  bytes.writeUInt8(format.bitsPerPixel, 0);
  bytes.writeUInt8(format.depth, 1);
  bytes.writeUInt8(format.isBigEndian ? 1 : 0, 2);
  bytes.writeUInt8(format.isTrueColour ? 1 : 0, 3);
  bytes.writeUInt16BE(format.redMax, 4);
  bytes.writeUInt16BE(format.greenMax, 6);
  bytes.writeUInt16BE(format.blueMax, 8);
  bytes.writeUInt8(format.redShift, 10);
  bytes.writeUInt8(format.greenShift, 11);
  bytes.writeUInt8(format.blueShift, 12);
  return bytes;
}

/** Whether the format has 8 bits of each colour in 32, so that tight encoding sends red, green, blue. */
export function isTrueColour888(format: PixelFormat): boolean {
  const { bitsPerPixel, depth, redMax, greenMax, blueMax } = format;
  return bitsPerPixel === 32 && depth === 24 && (redMax & greenMax & blueMax) === 255;
}

/** Converts pixels of a row into `into`, which is as long as the row: at most 64 KiB. */
export type ConvertRow = (pixels: Uint32Array, from: number, into: Buffer) => void;

/** How pixels get into a format. */
export function converterTo(format: PixelFormat): ConvertRow {
  const { redMax, greenMax, blueMax, redShift, greenShift, blueShift, isBigEndian } = format;
  const is888 = format.bitsPerPixel === 32 && (redMax & greenMax & blueMax) === 255 && !isBigEndian;
  if (is888 && redShift === 16 && greenShift === 8 && blueShift === 0) return asItIs;
  if (is888 && redShift === 0 && greenShift === 8 && blueShift === 16) return swapped;
  const [red, green, blue] = [levels(redMax), levels(greenMax), levels(blueMax)];
  const pixelOf = (pixel: number): number =>
    (((red[(pixel >>> 16) & 0xff] ?? 0) << redShift) |
      ((green[(pixel >>> 8) & 0xff] ?? 0) << greenShift) |
      ((blue[pixel & 0xff] ?? 0) << blueShift)) >>>
    0;
  return writerOf(format, pixelOf);
}

/** For each of 256 levels that of another count of them. */
function levels(max: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, level) => Math.round((level * max) / 255));
}

function writerOf(
  { bitsPerPixel, isBigEndian }: PixelFormat,
  pixelOf: (pixel: number) => number,
): ConvertRow {
  return (pixels, from, into) => {
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    const size = bitsPerPixel / 8;
    for (let at = 0, i = from; at < into.length; at += size, i++) {
      const pixel = pixelOf(pixels[i] ?? 0);
      if (size === 1) view.setUint8(at, pixel);
      else if (size === 2) view.setUint16(at, pixel, !isBigEndian);
      else view.setUint32(at, pixel, !isBigEndian);
    }
  };
}

const asItIs: ConvertRow = (pixels, from, into) => {
  into.set(new Uint8Array(pixels.buffer, pixels.byteOffset + from * 4, into.length));
};

/** Memory for one row. */
const scratch = Buffer.allocUnsafeSlow(2 ** 16);

/** Red and blue change places: what browsers draw. */
const swapped: ConvertRow = (pixels, from, into) => {
  const row = scratch.subarray(0, into.length);
  row.set(new Uint8Array(pixels.buffer, pixels.byteOffset + from * 4, into.length));
  // Back to front a pixel is what is wanted, but for the byte that means nothing, which is in front.
  row.swap32();
  into.set(row.subarray(1));
  into[into.length - 1] = 0;
};
