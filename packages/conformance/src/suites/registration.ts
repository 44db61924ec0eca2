// Registration: statements 16 to 21 and 46.

import {
  deviceGroup,
  openDeviceCdev,
  registerEmulatedIommuDev,
  registerGroupDev,
  unregisterGroupDev,
  type FaultPoint,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { spyOps, withoutOps } from '../spy-ops.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

/** How a device becomes visible, and what stops it. */
export function registrationSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('registration', harness, options, (tests) => {
    iommufd(tests);
    physical(tests);
    failures(tests);
    once(tests);
  });
}

function iommufd<T extends object>({ test, harness }: SuiteTests<T>): void {
  test(
    '[16] without the iommufd callbacks a core with iommufd refuses, and the device can be put',
    async (t) => {
      const ref = t.create(withoutIommufd(harness.ops));
      const vdev = t.vdev(ref);
      await refused('EINVAL', () => registerEmulatedIommuDev(vdev));
      expect(vdev.state).toBe('allocated');
      expect(t.logger.at('warn').length).toBe(1);
      ref.put();
    },
    { core: { iommufd: true } },
  );

  if (harness.supports.iommufd) {
    test('[16] with the iommufd callbacks the character device is there', async (t) => {
      const { vdev } = t.registered();
      using cdev = openDeviceCdev(vdev);
      expect(cdev.isOpen).toBe(true);
    });
  } else {
    test(
      '[16] the device says it has no iommufd callbacks, and registration says so too',
      async (t) => {
        const ref = t.allocated();
        await refused('EINVAL', () => t.register(t.vdev(ref)));
        t.logger.take('warn');
      },
      { core: { iommufd: true } },
    );
  }
}

function physical<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[17] a physical device without an IOMMU group is refused', async (t) => {
    const vdev = t.vdev(t.allocated());
    await refused('EINVAL', () => registerGroupDev(vdev));
    expect(vdev.state).toBe('allocated');
  });

  test(
    '[17] with no-IOMMU on it registers, and the log warns of it',
    (t) => {
      const vdev = t.vdev(t.allocated());
      registerGroupDev(vdev);
      t.deferUnregister(vdev);
      expect(deviceGroup(vdev).isNoIommu).toBe(true);
      expect(t.logger.take('warn').length).toBe(1);
    },
    { core: { noIommu: true } },
  );

  test(
    '[18] a physical device behind an IOMMU that is not cache coherent is refused',
    async (t) => {
      const vdev = t.vdev(t.allocated());
      await refused('EINVAL', () => registerGroupDev(vdev));
      expect(vdev.state).toBe('allocated');
    },
    { iommuGroup: { id: 7, cacheCoherent: false } },
  );

  test(
    '[19] a second registration of one physical device in its group is refused with a warning',
    async (t) => {
      const parent = t.parent('physical');
      const host = { core: t.core, parent: () => parent };
      const [first, second] = [1, 2].map(() => {
        const ref = harness.create(host, harness.ops);
        t.defer('put', () => ref.put());
        return harness.vdev(ref.device);
      });
      if (first === undefined || second === undefined) throw new TypeError('two were made');
      registerGroupDev(first);
      t.deferUnregister(first);
      await refused('EINVAL', () => registerGroupDev(second));
      expect(t.logger.take('warn').length).toBe(1);
      expect(deviceGroup(first).devices.length).toBe(1);
    },
    { iommuGroup: { id: 7, cacheCoherent: true } },
  );
}

function failures<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[20] a failed device_add is the error, and the put then releases once', async (t) => {
    const calls: string[] = [];
    const ref = t.create(spyOps(harness.ops, calls));
    const vdev = t.vdev(ref);
    t.failAt('device-add', 'ENOMEM');
    await refused('ENOMEM', () => t.register(vdev));
    await refused('ENODEV', () => deviceGroup(vdev));
    expect(calls).not.toContain('release');
    ref.put();
    const releases = calls.filter((name) => name === 'release');
    expect(releases.length).toBe(harness.ops.release === undefined ? 0 : 1);
  });

  const points: readonly FaultPoint[] = ['group', 'device-add'];
  for (const point of points) {
    test(`[21] a registration that fails (${point}) and a put leave nothing`, async (t) => {
      const before = t.resources();
      const ref = t.create();
      t.failAt(point, 'ENOMEM');
      await refused('ENOMEM', () => t.register(t.vdev(ref)));
      expect(t.vdev(ref).state).toBe('allocated');
      ref.put();
      expect(t.resources()).toEqual(before);
      expect(t.memory.alive).toEqual([]);
      expect(t.core.leaks()).toEqual([]);
    });
  }
}

function once<T extends object>({ test }: SuiteTests<T>): void {
  test('[46] a second registration of a registered device is refused', async (t) => {
    const { vdev } = t.registered();
    await refused('EINVAL', () => t.register(vdev));
    expect(vdev.state).toBe('registered');
  });

  test('[46] after an unregister neither register nor unregister is possible', async (t) => {
    const { vdev } = t.registered();
    await unregisterGroupDev(vdev);
    await refused('EINVAL', () => t.register(vdev));
    await refused('EINVAL', () => unregisterGroupDev(vdev));
    expect(vdev.state).toBe('unregistered');
  });

  test('[46] an unregister of a device that was never registered is refused', async (t) => {
    const ref = t.allocated();
    await refused('EINVAL', () => unregisterGroupDev(t.vdev(ref)));
  });
}

function withoutIommufd<T>(ops: VfioDeviceOps<T>): VfioDeviceOps<T> {
  return withoutOps(ops, 'bindIommufd', 'unbindIommufd', 'attachIoas', 'detachIoas');
}
