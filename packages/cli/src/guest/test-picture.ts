// A test picture that moves: colour bars, a grey ramp, and a square that travels over them.

import type { GuestFramebuffer } from './mdpy-fb.ts';

const BARS = [0xc0c0c0, 0xc0c000, 0x00c0c0, 0x00c000, 0xc000c0, 0xc00000, 0x0000c0] as const;
const SQUARE = 0xff8800;

/**
 * Draws one frame.
 *
 * @param frame - number of the frame; the square is elsewhere in each
 */
export function drawTestPicture(target: GuestFramebuffer, frame: number): void {
  const { width, height, pixels } = target;
  const bars = Math.floor(height * 0.75);
  for (let x = 0; x < width; x++) {
    pixels[x] = BARS[Math.floor((x * BARS.length) / width)] ?? 0;
    const grey = Math.floor((x * 255) / (width - 1));
    pixels[bars * width + x] = (grey << 16) | (grey << 8) | grey;
  }
  for (let y = 1; y < height; y++) {
    if (y !== bars)
      pixels.copyWithin(
        y * width,
        (y < bars ? 0 : bars) * width,
        (y < bars ? 1 : bars + 1) * width,
      );
  }
  const size = Math.floor(height / 6);
  const left = bounce(frame * 11, width - size);
  const top = bounce(frame * 7, height - size);
  for (let y = top; y < top + size; y++)
    pixels.fill(SQUARE, y * width + left, y * width + left + size);
}

/** A position that goes to and fro between 0 and `limit`. */
function bounce(distance: number, limit: number): number {
  const at = distance % (2 * limit);
  return at < limit ? at : 2 * limit - at;
}
