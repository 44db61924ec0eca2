// What is looked at: a picture that somebody else draws, where it is.

import {
  devicePlane,
  DRM_FORMAT_MOD_LINEAR,
  DRM_FORMAT_XRGB8888,
  VfioError,
  type VfioDevice,
} from '@vfio-ts/core';

/** Pixels as they are at this moment; whoever draws may be drawing. */
export interface Frame {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Bytes from one row to the next, a multiple of 4. */
  readonly stride: number;
  /** 32-bit x:R:G:B, little endian, from the first row on; starts at a multiple of 4 of its buffer. */
  readonly pixels: Uint8Array;
}

/** Something that can be looked at. */
export interface PictureSource {
  /** As viewers show it. */
  readonly name: string;
  /** The picture now; `undefined` while there is none. Called only while somebody looks. */
  frame(): Frame | undefined;
}

/** Sides of a picture, pixels: what a client can be told, and as much memory as one picture may cost. */
const MAX_SIDE = 16_384;
const MAX_PIXELS = 2 ** 26;
const BYTES_PER_PIXEL = 4;

/**
 * What a device shows, read off its memory in place.
 *
 * @param name - the device's own when left out
 */
export function deviceSource(vdev: VfioDevice, name: string = vdev.name): PictureSource {
  return { name, frame: () => deviceFrame(vdev) };
}

/**
 * The frame of a device; `undefined` while its plane is off.
 *
 * @throws as `devicePlane()`; `EOPNOTSUPP` a pixel format that is not XRGB8888; `EINVAL` a plane that is not in its
 * region, or larger than a viewer takes
 */
export function deviceFrame(vdev: VfioDevice): Frame | undefined {
  const shown = devicePlane(vdev);
  if (shown === undefined) return undefined;
  const { drmFormat, drmFormatMod, width, height, stride } = shown.plane;
  if (drmFormat !== DRM_FORMAT_XRGB8888 || drmFormatMod !== DRM_FORMAT_MOD_LINEAR) {
    throw new VfioError('EOPNOTSUPP', 'deviceFrame', `pixel format 0x${drmFormat.toString(16)}`);
  }
  const frame = { width, height, stride, pixels: shown.pixels };
  if (isFrame(frame)) return frame;
  throw new VfioError('EINVAL', 'deviceFrame', `${width}x${height} do not fit the region`);
}

/** Whether a frame is one that can be compared and sent. */
export function isFrame({ width, height, stride, pixels }: Frame): boolean {
  const row = width * BYTES_PER_PIXEL;
  return (
    isSide(width) &&
    isSide(height) &&
    width * height <= MAX_PIXELS &&
    stride >= row &&
    (pixels.byteOffset | stride) % BYTES_PER_PIXEL === 0 &&
    (height - 1) * stride + row <= pixels.length
  );
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1 && pixels <= MAX_SIDE;
}
