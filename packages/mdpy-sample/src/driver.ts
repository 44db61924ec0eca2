// The mdpy driver on the mdev bus: what a user creates and removes by UUID.

import {
  allocDevice,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  type MdevBus,
  type MdevDriver,
  type MdevParent,
  type Ref,
} from '@vfio-ts/core';
import { MdpyDevice, mdpyOps } from './device.ts';
import { MDPY_TYPES, type MdpyType } from './types.ts';

/** What the bus keeps for each mdpy: the driver's reference to its device. */
export type MdpyInstance = Ref<MdpyDevice>;

/** How the driver is set up. */
export interface MdpyDriverOptions {
  /** Displays that can exist at once under one parent; 4 when left out, as in Linux. */
  readonly maxDevices?: number;
}

/** Makes the driver of mdpy displays; register it on a bus, and a parent with `MDPY_TYPES`. */
export function mdpyDriver({ maxDevices = 4 }: MdpyDriverOptions = {}): MdevDriver<
  MdpyType,
  MdpyInstance
> {
  return {
    name: 'mdpy',
    deviceApi: 'vfio-pci',
    maxInstances: maxDevices,
    probe(mdev) {
      const mdpy = allocDevice(MdpyDevice, 'vdev', mdev, mdpyOps, mdev.type.definition);
      try {
        registerEmulatedIommuDev(mdpy.device.vdev);
        return mdpy;
      } catch (error) {
        mdpy.put();
        throw error;
      }
    },
    async remove(_mdev, mdpy) {
      await unregisterGroupDev(mdpy.device.vdev);
      mdpy.put();
    },
    showDescription({ definition: { width, height } }) {
      return `virtual display, ${width}x${height} framebuffer\n`;
    },
    attributes: {
      vendor: {
        resolution: {
          show: ({
            type: {
              definition: { width, height },
            },
          }) => `${width}x${height}\n`,
        },
      },
    },
  };
}

/** The parent that displays are created under. */
export type MdpyParent = MdevParent<MdpyType, MdpyInstance>;

/**
 * Registers the driver, and a parent called `mdpy` with all types, as loading the kernel's module does.
 *
 * @throws `EBUSY` registered before; `EEXIST` another driver has a parent of that name; `EINVAL` maxDevices.
 * Nothing is left registered then.
 */
export function registerMdpy(bus: MdevBus, options: MdpyDriverOptions = {}): MdpyParent {
  const driver = mdpyDriver(options);
  bus.registerDriver(driver);
  try {
    return bus.registerParent('mdpy', driver, MDPY_TYPES);
  } catch (error) {
    // Nothing is bound yet, so the driver is gone when this returns its promise.
    void bus.unregisterDriver(driver);
    throw error;
  }
}

/** Removes all displays, waiting for their users, then parent and driver. Opposite of {@link registerMdpy}. */
export async function unregisterMdpy(bus: MdevBus, parent: MdpyParent): Promise<void> {
  await parent.unregister();
  await bus.unregisterDriver(parent.driver);
}
