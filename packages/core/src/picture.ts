// Pictures of what a device shows, decoded to one layout whatever the device's own is.

import { VfioError } from './errno.ts';
import { DRM_FORMAT_MOD_LINEAR, DRM_FORMAT_XRGB8888, type GfxPlane } from './gfx.ts';

/** Pixels, row by row from the top left, four bytes each: red, green, blue, 255. */
export interface Picture {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly rgba: Uint8Array;
}

/**
 * Decodes a plane.
 *
 * @param pixels - the plane's region from its start
 * @throws `EOPNOTSUPP` format or modifier not known; `EINVAL` the plane does not fit the pixels
 */
export function decodePlane(plane: GfxPlane, pixels: Uint8Array): Picture {
  const { width, height, stride } = plane;
  if (plane.drmFormat !== DRM_FORMAT_XRGB8888 || plane.drmFormatMod !== DRM_FORMAT_MOD_LINEAR) {
    const format = `0x${plane.drmFormat.toString(16)} modifier 0x${plane.drmFormatMod.toString(16)}`;
    throw new VfioError('EOPNOTSUPP', 'decodePlane', `pixel format ${format}`);
  }
  if (stride < width * 4 || (height > 0 && (height - 1) * stride + width * 4 > pixels.length)) {
    throw new VfioError('EINVAL', 'decodePlane', `${width}x${height} do not fit the region`);
  }
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0, to = 0; y < height; y++) {
    for (let from = y * stride, end = from + width * 4; from < end; from += 4, to += 4) {
      rgba[to] = pixels[from + 2] ?? 0;
      rgba[to + 1] = pixels[from + 1] ?? 0;
      rgba[to + 2] = pixels[from] ?? 0;
      rgba[to + 3] = 255;
    }
  }
  return { width, height, rgba };
}
