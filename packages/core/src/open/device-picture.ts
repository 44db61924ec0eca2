// The picture a device shows, for whoever stands beside its user: a screen shot, a viewer.

import { liveDevice, type VfioDevice } from '../device/device.ts';
import { VfioError } from '../errno.ts';
import { decodePlane, type Picture } from '../picture.ts';

/**
 * What the device shows now, whether or not somebody has it open; `undefined` while the plane is off.
 *
 * @throws `ENOTTY` the device shows nothing; `EIO` its plane is in no region with memory; `EOPNOTSUPP` a pixel
 * format that is not known; `ENODEV` the device has been released
 */
export function devicePicture(vdev: VfioDevice): Picture | undefined {
  const device = liveDevice(vdev, 'devicePicture');
  const { ops, self, name } = device;
  if (ops.queryGfxPlane === undefined) {
    throw new VfioError('ENOTTY', 'devicePicture', `${name} shows nothing`);
  }
  const plane = ops.queryGfxPlane(self);
  if (plane === undefined) return undefined;
  const region = device.regions.get(plane.regionIndex);
  if (region?.memory === undefined) {
    throw new VfioError('EIO', 'devicePicture', `${name}: plane in region ${plane.regionIndex}`);
  }
  const { memory, memoryOffset, size } = region;
  return decodePlane(plane, memory.bytes.subarray(memoryOffset, memoryOffset + size));
}
