// vfio-ccw on the mdev bus: each subchannel is a parent that has one mdev at most. Counterpart of vfio_ccw_drv.c.

import {
  allocDevice,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VfioError,
  type MdevBus,
  type MdevDriver,
  type MdevParent,
  type MdevTypeDefinition,
  type Ref,
} from '@vfio-ts/core';
import { PMCW_QDIO } from '../architecture/index.ts';
import type { Subchannel } from '../channel/subchannel.ts';
import { pathsOf } from './path-masks.ts';
import { CcwDevice } from './device.ts';
import { ccwOps } from './ops.ts';

/** What the bus keeps for each mdev: the driver's reference to its device. */
export type CcwInstance = Ref<CcwDevice>;

/** A subchannel as a parent of mdevs. */
export interface CcwParentDevice {
  /** The subchannel's. */
  readonly name: string;
  readonly subchannel: Subchannel;
}

/** The parent of a subchannel. */
export type CcwParent = MdevParent<MdevTypeDefinition, CcwInstance, CcwParentDevice>;

/** The one type there is; its directory is `vfio_ccw-io`. */
export const CCW_IO_TYPE: MdevTypeDefinition = {
  sysfsName: 'io',
  prettyName: 'I/O subchannel (Non-QDIO)',
};

/** Makes the driver of mediated subchannels; {@link registerVfioCcw} registers it with its parents. */
export function vfioCcwDriver(): MdevDriver<MdevTypeDefinition, CcwInstance, CcwParentDevice> {
  return {
    name: 'vfio_ccw',
    deviceApi: 'vfio-ccw',
    maxInstances: 1,
    probe(mdev) {
      const { parent } = mdev.type;
      const gone = (): void => unregisterLater(parent);
      const ccw = allocDevice(CcwDevice, 'vdev', mdev, ccwOps, parent.device.subchannel, { gone });
      try {
        registerEmulatedIommuDev(ccw.device.vdev);
        return ccw;
      } catch (error) {
        ccw.put();
        throw error;
      }
    },
    async remove(_mdev, ccw) {
      await unregisterGroupDev(ccw.device.vdev);
      ccw.put();
    },
  };
}

/** A subchannel that is gone takes its parent with it, as soon as its user lets go. */
function unregisterLater(parent: CcwParent): void {
  if (!parent.isUnregistering) void parent.unregister();
}

/**
 * Registers the driver, and a parent for each subchannel.
 *
 * @throws `EBUSY` registered before; `EEXIST` two parents of one name; `ENODEV` a subchannel is gone, or is for QDIO.
 * Nothing is left registered then.
 */
export function registerVfioCcw(bus: MdevBus, subchannels: readonly Subchannel[]): VfioCcw {
  const ccw = new VfioCcw(bus);
  try {
    for (const subchannel of subchannels) ccw.bind(subchannel);
    return ccw;
  } catch (error) {
    // Nothing has been created yet, so all is gone when this returns its promise.
    void ccw.unregister();
    throw error;
  }
}

/** The registered driver. */
export class VfioCcw {
  readonly bus: MdevBus;
  readonly driver: MdevDriver<MdevTypeDefinition, CcwInstance, CcwParentDevice> = vfioCcwDriver();
  readonly #parents: CcwParent[] = [];

  /** @throws `EBUSY` registered before */
  constructor(bus: MdevBus) {
    this.bus = bus;
    bus.registerDriver(this.driver);
  }

  /** The parents that are registered, oldest first. */
  get parents(): readonly CcwParent[] {
    return this.#parents.filter((parent) => this.bus.parent(parent.name) === parent);
  }

  /**
   * Makes a subchannel a parent of mdevs.
   *
   * @throws `ENODEV` it is gone, or is for QDIO; `EEXIST` there is a parent of its name
   */
  bind(subchannel: Subchannel): CcwParent {
    const { name } = subchannel;
    const pmcw = pathsOf(subchannel);
    if (pmcw === undefined) throw new VfioError('ENODEV', 'bind', `${name} is not operational`);
    if ((pmcw.flags & PMCW_QDIO) !== 0) throw new VfioError('ENODEV', 'bind', `${name}: QDIO`);
    const parent = this.bus.registerParentDevice({ name, subchannel }, this.driver, [CCW_IO_TYPE]);
    this.#parents.push(parent);
    return parent;
  }

  /** Removes all devices, waiting for their users, then parents and driver. Opposite of {@link registerVfioCcw}. */
  async unregister(): Promise<void> {
    for (const parent of this.parents) {
      // One after the other, as the bus removes them.
      if (!parent.isUnregistering) await parent.unregister();
    }
    await this.bus.unregisterDriver(this.driver);
  }
}
