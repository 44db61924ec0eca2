// The picture of a device that is served here, told beside its socket.

import { devicePlane, isErrno, type VfioDevice } from '@vfio-ts/core';
import { deviceSource, picturePath, PictureServer } from '@vfio-ts/viewer';
import { TellingSocket } from '@vfio-ts/vfio-user';

/**
 * Tells what a device shows to whoever connects, until what it returns is disposed.
 *
 * @returns `undefined` for a device that shows nothing
 * @throws as `TellingSocket`
 */
export function tellPicture(
  vdev: VfioDevice,
  socket: string,
  name: string,
): Disposable | undefined {
  if (!hasPicture(vdev)) return undefined;
  const { clock, logger } = vdev.core;
  const stack = new DisposableStack();
  const server = new PictureServer(deviceSource(vdev, name), { clock, logger });
  stack.defer(() => void server.close());
  const accept = server.accept.bind(server);
  stack.use(new TellingSocket(picturePath(socket), accept, logger));
  return stack;
}

function hasPicture(vdev: VfioDevice): boolean {
  try {
    devicePlane(vdev);
    return true;
  } catch (error) {
    return !isErrno(error, 'ENOTTY');
  }
}
