// The picture in the frame buffer.

import { mdpyStride, type MdpyType } from './types.ts';

/** Paints the start picture, black at the top to white at the bottom: row i has the value i * 255 / height. */
export function paintGradient(memory: Uint8Array, type: MdpyType): void {
  const stride = mdpyStride(type);
  for (let row = 0; row < type.height; row++) {
    memory.fill(Math.floor((row * 255) / type.height), row * stride, (row + 1) * stride);
  }
}
