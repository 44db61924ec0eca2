// The picture a device shows, for whoever stands beside its user: a screen shot, a viewer.

import { liveDevice, type VfioDevice } from '../device/device.ts';
import { VfioError } from '../errno.ts';
import type { GfxPlane } from '../gfx.ts';
import { decodePlane, type Picture } from '../picture.ts';

/** A plane and its pixels as the device has them. */
export interface DevicePlane {
  readonly plane: GfxPlane;
  /** The plane's region from its start, live; length 0 once the device has been released. */
  readonly pixels: Uint8Array;
}

/**
 * The plane that the device shows now, whether or not somebody has it open; `undefined` while the plane is off.
 *
 * @throws `ENOTTY` the device shows nothing; `EIO` its plane is in no region with memory; `ENODEV` the device has been
 * released
 */
export function devicePlane(vdev: VfioDevice): DevicePlane | undefined {
  const device = liveDevice(vdev, 'devicePlane');
  const { ops, self, name } = device;
  if (ops.queryGfxPlane === undefined) {
    throw new VfioError('ENOTTY', 'devicePlane', `${name} shows nothing`);
  }
  const plane = ops.queryGfxPlane(self);
  if (plane === undefined) return undefined;
  const region = device.regions.get(plane.regionIndex);
  if (region?.memory === undefined) {
    throw new VfioError('EIO', 'devicePlane', `${name}: plane in region ${plane.regionIndex}`);
  }
  const { memory, memoryOffset, size } = region;
  return { plane, pixels: memory.bytes.subarray(memoryOffset, memoryOffset + size) };
}

/**
 * What the device shows now, decoded; `undefined` while the plane is off.
 *
 * @throws as {@link devicePlane}; `EOPNOTSUPP` a pixel format that is not known
 */
export function devicePicture(vdev: VfioDevice): Picture | undefined {
  const shown = devicePlane(vdev);
  return shown && decodePlane(shown.plane, shown.pixels);
}
