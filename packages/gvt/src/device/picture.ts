// What a vGPU shows, composed into a region of its own whenever somebody asks. Counterpart of gvt/dmabuf.c, which hands
// out the guest's own frame buffer: that is tiled, or in pieces, and can be mapped by nobody here.

import {
  DRM_FORMAT_MOD_LINEAR,
  DRM_FORMAT_XRGB8888,
  type GfxPlane,
  type SharedMemory,
  type VfioDevice,
} from '@vfio-ts/core';
import type { Screen, VirtualGpu } from '../gpu/gpu.ts';
import { GVT_PICTURE_REGION, PICTURE_SIZE } from './layout.ts';

const BYTES_PER_PIXEL = 4;

/** The picture of one vGPU. */
export class VgpuPicture {
  /** Behind the picture's region. */
  readonly memory: SharedMemory;
  readonly #gpu: VirtualGpu;

  /** @throws VfioError `ENOMEM` */
  constructor(vdev: VfioDevice, gpu: VirtualGpu) {
    this.memory = vdev.core.memory.alloc('gvt-picture', PICTURE_SIZE);
    this.#gpu = gpu;
  }

  /** Draws planes and cursor; `undefined` while nothing is shown. */
  draw(): GfxPlane | undefined {
    const screen = this.#gpu.draw(this.memory.bytes);
    return screen && planeOf(screen);
  }
}

function planeOf({ width, height }: Screen): GfxPlane {
  const stride = width * BYTES_PER_PIXEL;
  return {
    drmFormat: DRM_FORMAT_XRGB8888,
    drmFormatMod: DRM_FORMAT_MOD_LINEAR,
    width,
    height,
    stride,
    size: stride * height,
    xPos: 0,
    yPos: 0,
    xHot: 0,
    yHot: 0,
    regionIndex: GVT_PICTURE_REGION,
  };
}
