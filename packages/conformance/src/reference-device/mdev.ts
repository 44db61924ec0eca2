// The reference device as a mediated device.

import {
  registerEmulatedIommuDev,
  unregisterGroupDev,
  type MdevDriver,
  type MdevTypeDefinition,
  type Ref,
} from '@vfio-ts/core';
import type { MdevHooks } from '../device-under-test.ts';
import { PORTS } from './adapter.ts';
import type { ReferenceDevice } from './device.ts';
import { createReference } from './ops.ts';

/** The bus driver; its instances are references to the devices. */
export const referenceMdevDriver: MdevDriver<MdevTypeDefinition, Ref<ReferenceDevice>> = {
  name: 'reference',
  deviceApi: 'vfio-pci',
  maxInstances: PORTS,
  probe(mdev) {
    const ref = createReference(mdev);
    try {
      registerEmulatedIommuDev(ref.device.vdev);
      return ref;
    } catch (error) {
      ref.put();
      throw error;
    }
  },
  async remove(_mdev, ref) {
    await unregisterGroupDev(ref.device.vdev);
    ref.put();
  },
  showDescription: () => 'a device that supports everything\n',
  attributes: {
    reference: {
      port: { show: () => 'taken\n' },
    },
  },
};

/** Registers a driver, and a parent with one type, on a bus. */
export function referenceMdevHooks(driver: typeof referenceMdevDriver): MdevHooks {
  return {
    register(bus) {
      bus.registerDriver(driver);
      bus.registerParent('adapter0', driver, [{ sysfsName: 'all', prettyName: 'Everything' }]);
    },
    directories: {
      'reference-all': {
        name: 'Everything',
        deviceApi: 'vfio-pci',
        availableInstances: PORTS,
        description: 'a device that supports everything',
        attributes: { 'reference/port': 'taken\n' },
      },
    },
  };
}
