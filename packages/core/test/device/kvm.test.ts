import {
  allocDevice,
  Container,
  deviceGroup,
  deviceKvm,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  type KvmReference,
  type VfioDevice,
} from '../../src/index.ts';
import { expect, test } from 'vitest';
import { testCore } from '../support.ts';

class Plain {
  readonly vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

const kvm: KvmReference = { get: () => undefined, put: () => undefined };

test.each([
  ['the virtual machine', kvm],
  ['nobody for a user that is none', undefined],
])('deviceKvm tells of %s from openDevice to closeDevice', async (_who, user) => {
  const { core } = testCore();
  const seen: unknown[] = [];
  const ref = allocDevice(Plain, 'vdev', core.parent('p'), {
    name: 'plain',
    openDevice: ({ vdev }) => void seen.push(deviceKvm(vdev)),
    closeDevice: ({ vdev }) => void seen.push(deviceKvm(vdev)),
  });
  const { vdev } = ref.device;
  registerEmulatedIommuDev(vdev);
  {
    using group = deviceGroup(vdev).open();
    using container = new Container(core, 'test');
    group.setContainer(container);
    group.setKvm(user);
    group.openDevice(vdev).close();
  }
  expect(seen).toEqual([user, user]);
  expect(deviceKvm(vdev)).toBeUndefined();
  await unregisterGroupDev(vdev);
  ref.put();
  expect(() => deviceKvm(vdev)).toThrow(expect.objectContaining({ code: 'ENODEV' }));
});
