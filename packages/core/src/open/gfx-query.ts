// VFIO_DEVICE_QUERY_GFX_PLANE: probe and query of what a device shows.

import { hex } from '../arguments.ts';
import type { CoreDevice } from '../device/device.ts';
import { VfioError } from '../errno.ts';
import type { GfxPlane } from '../gfx.ts';
import { VFIO_GFX_PLANE_TYPE_PROBE, VFIO_GFX_PLANE_TYPE_REGION } from '../uapi.ts';

/** Bytes of `struct vfio_device_gfx_plane_info` up to and with the region index. */
const GFX_PLANE_INFO_SIZE = 60;

/** Request of `VFIO_DEVICE_QUERY_GFX_PLANE`. */
export interface GfxPlaneQuery {
  /** 60 when left out. */
  readonly argsz?: number;
  /** `VFIO_GFX_PLANE_TYPE_*`. */
  readonly flags: number;
}

/** Answer: the plane; all zero while it is off. Nothing for a probe. */
export type GfxPlaneReply = GfxPlane | undefined;

const OFF: GfxPlane = {
  drmFormat: 0,
  drmFormatMod: 0n,
  width: 0,
  height: 0,
  stride: 0,
  size: 0,
  xPos: 0,
  yPos: 0,
  xHot: 0,
  yHot: 0,
  regionIndex: 0,
};

/**
 * Answers a probe or a query; only planes in a region are known.
 *
 * @throws `ENOTTY` the device shows nothing; `EINVAL` argsz below 60, flags not exactly REGION, with or without PROBE
 */
export function queryGfxPlane(device: CoreDevice, { argsz, flags }: GfxPlaneQuery): GfxPlaneReply {
  const { ops, self, name } = device;
  if (ops.queryGfxPlane === undefined) {
    throw new VfioError('ENOTTY', 'queryGfxPlane', `${name} shows nothing`);
  }
  if (argsz !== undefined && !(argsz >= GFX_PLANE_INFO_SIZE)) {
    const fact = `argsz ${argsz} is below ${GFX_PLANE_INFO_SIZE}`;
    throw new VfioError('EINVAL', 'queryGfxPlane', fact);
  }
  if (flags === (VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_REGION)) return undefined;
  if (flags !== VFIO_GFX_PLANE_TYPE_REGION) {
    const fact = `flags ${hex(flags)} are not REGION`;
    throw new VfioError('EINVAL', 'queryGfxPlane', fact);
  }
  return ops.queryGfxPlane(self) ?? OFF;
}
