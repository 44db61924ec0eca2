// The vfio_ap driver on the mdev bus: what an administrator creates and removes by UUID.

import {
  allocDevice,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  type MdevBus,
  type MdevDriver,
  type MdevParent,
  type MdevTypeDefinition,
} from '@vfio-ts/core';
import type { ApBus } from '../bus/bus.ts';
import { vfioApAttributes, type ApInstance } from './attributes.ts';
import { vfioApOps } from './device-ops.ts';
import { ApMatrixDev, type ApMatrixOptions } from './matrix-dev.ts';
import { ApMatrixMdev } from './mdev.ts';
import { VFIO_AP_QUEUE_DRIVER, vfioApQueueDriver } from './queue-driver.ts';

/** The one type of mediated device there is: `vfio_ap-passthrough`. */
export const VFIO_AP_TYPE: MdevTypeDefinition = {
  sysfsName: 'passthrough',
  prettyName: 'VFIO AP Passthrough Device',
};

/** As many as there are queues at most. */
const MAX_INSTANCES = 256 * 256;

/** The parent that mediated devices are created under; its `device` is the matrix device. */
export type ApParent = MdevParent<MdevTypeDefinition, ApInstance, ApMatrixDev>;

/** Makes the driver of mediated devices. Counterpart of `vfio_ap_matrix_driver`. */
export function vfioApDriver(): MdevDriver<MdevTypeDefinition, ApInstance, ApMatrixDev> {
  return {
    name: 'vfio_ap',
    deviceApi: 'vfio-ap',
    maxInstances: MAX_INSTANCES,
    probe(mdev) {
      const { device: dev } = mdev.parent;
      const ref = allocDevice(ApMatrixMdev, 'vdev', mdev, vfioApOps, dev);
      try {
        registerEmulatedIommuDev(ref.device.vdev);
      } catch (error) {
        ref.put();
        throw error;
      }
      dev.mdevs.add(ref.device);
      return ref;
    },
    async remove(mdev, ref) {
      const { device } = ref;
      const { device: dev } = mdev.parent;
      await unregisterGroupDev(device.vdev);
      await dev.exclusive(async () => {
        await device.resetAll();
        // What it had can be assigned again from here on.
        device.queues.clear();
        dev.mdevs.delete(device);
      });
      ref.put();
    },
    attributes: { '': vfioApAttributes },
  };
}

/**
 * Registers the drivers of mediated devices and of queues, and the matrix device they are under, as loading the
 * kernel's module does. The parent is there at once; the queues are bound when the promise settles.
 *
 * @throws `EBUSY` registered before on one of the buses; `EEXIST` there is a parent `matrix`. Nothing is left
 * registered then.
 */
export async function registerVfioAp(
  mdevBus: MdevBus,
  apBus: ApBus,
  options: ApMatrixOptions = {},
): Promise<ApParent> {
  const dev = new ApMatrixDev(apBus, options);
  const driver = vfioApDriver();
  await using undo = new AsyncDisposableStack();
  mdevBus.registerDriver(driver);
  undo.defer(() => mdevBus.unregisterDriver(driver));
  const parent = mdevBus.registerParentDevice(dev, driver, [VFIO_AP_TYPE]);
  undo.defer(() => parent.unregister());
  await apBus.registerDriver(vfioApQueueDriver(dev));
  undo.move();
  return parent;
}

/**
 * Removes all mediated devices, waiting for their users, then the drivers; queues go back without one. Opposite of
 * {@link registerVfioAp}.
 */
export async function unregisterVfioAp(mdevBus: MdevBus, parent: ApParent): Promise<void> {
  await parent.unregister();
  await mdevBus.unregisterDriver(parent.driver);
  const { bus } = parent.device;
  const queueDriver = bus.drivers.find(({ name }) => name === VFIO_AP_QUEUE_DRIVER);
  if (queueDriver !== undefined) await bus.unregisterDriver(queueDriver);
}
