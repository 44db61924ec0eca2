// A device of core as a server takes it: each client gets a group file, an address space and a device file of its own.

import { Container, deviceGroup, type DeviceFile, type VfioDevice } from '@vfio-ts/core';
import type { OpenDevice, ServedAccess, ServedDevice } from './served-device.ts';

/** Makes a registered device one that a server can serve; the device keeps its state from client to client. */
export function servedDevice(vdev: VfioDevice): ServedDevice {
  return { name: vdev.name, open: () => openDevice(vdev) };
}

/** @throws `ENODEV` not registered any more; `EBUSY` in use in this process; what the driver's `openDevice` gives */
function openDevice(vdev: VfioDevice): OpenDevice {
  using undo = new DisposableStack();
  const group = undo.use(deviceGroup(vdev).open({ rawIo: true }));
  const container = undo.use(new Container(vdev.core, `${vdev.name} client`));
  group.setContainer(container);
  const file = undo.use(group.openDevice(vdev));
  const open = undo.move();
  return {
    access: accessOf(file),
    ioas: container.ioas,
    regionMemory(index) {
      const region = file.region(index);
      if (region?.memory === undefined) return undefined;
      return { memory: region.memory, offset: region.memoryOffset };
    },
    close: () => open.dispose(),
  };
}

function accessOf(file: DeviceFile): ServedAccess {
  return {
    getInfo: (argsz) => file.getInfo(argsz),
    getRegionInfo: (index, argsz) => file.getRegionInfo(index, argsz),
    getIrqInfo: (index, argsz) => file.getIrqInfo(index, argsz),
    setIrqs: (request) => file.setIrqs(request),
    read: (region, offset, into) => file.read(region, offset, into),
    write: (region, offset, from) => file.write(region, offset, from),
    reset: () => file.reset(),
    // In vfio-user a log without ranges covers everything; in the kernel it is refused.
    feature: (request) => file.feature(request, { emptyMeansAll: true }),
    readMigrationData: (into) => file.readMigrationData(into),
    writeMigrationData: (from) => file.writeMigrationData(from),
  };
}
