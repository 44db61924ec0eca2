import { describe, expect, test } from 'vitest';
import {
  allocDevice,
  Container,
  deviceGroup,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  type DeviceFile,
  type VfioDevice,
  type VfioDeviceOps,
} from '../../src/index.ts';
import { testCore } from '../support.ts';

class Plain {
  readonly vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

function withFile(
  quiesce: VfioDeviceOps<Plain>['quiesce'],
  use: (file: DeviceFile) => void | Promise<void>,
): Promise<void> {
  return withOps({ name: 'plain', ...(quiesce && { quiesce }) }, use);
}

async function withOps(
  ops: VfioDeviceOps<Plain>,
  use: (file: DeviceFile) => void | Promise<void>,
): Promise<void> {
  const { core } = testCore();
  using ref = allocDevice(Plain, 'vdev', core.parent('p'), ops);
  const { vdev } = ref.device;
  registerEmulatedIommuDev(vdev);
  {
    using group = deviceGroup(vdev).open();
    using container = new Container(core, 'test');
    group.setContainer(container);
    using file = group.openDevice(vdev);
    await use(file);
  }
  await unregisterGroupDev(vdev);
}

describe('quiesce of a device file', () => {
  test('is over at once where the driver has no such callback', () =>
    withFile(undefined, (file) => {
      expect(file.quiesce()).toBeUndefined();
    }));

  test('is over at once where the driver returns nothing', () =>
    withFile(
      () => undefined,
      (file) => {
        expect(file.quiesce()).toBeUndefined();
      },
    ));

  test('settles as the promise of the driver does', () =>
    withFile(
      () => Promise.reject(new Error('stuck')),
      async (file) => {
        await expect(file.quiesce()).rejects.toThrow('stuck');
      },
    ));

  test('gives the driver its own device', () => {
    const seen: unknown[] = [];
    return withFile(
      (device) => void seen.push(device instanceof Plain),
      (file) => {
        expect(file.quiesce()).toBeUndefined();
        expect(seen).toEqual([true]);
      },
    );
  });
});

describe('reset of a device file', () => {
  test('is over at once where the driver returns nothing', () =>
    withOps({ name: 'plain', reset: () => undefined }, (file) => {
      expect(file.reset()).toBeUndefined();
    }));

  test('settles as the promise of the driver does', () =>
    withOps({ name: 'plain', reset: () => Promise.reject(new Error('stuck')) }, async (file) => {
      await expect(file.reset()).rejects.toThrow('stuck');
    }));
});
