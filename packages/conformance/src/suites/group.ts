// Groups, containers and device sets: statements 22, 31, 32 and 37 to 39.

import {
  assignDeviceSet,
  Container,
  deviceGroup,
  deviceSetOpenCount,
  registerGroupDev,
  unregisterGroupDev,
  type GroupFile,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { countedKvm, openGroup, withPair } from '../probe/group.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

/** What devices have around them: their set, their group and its container. */
export function groupSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('groups and device sets', harness, options, (tests) => {
    exclusive(tests);
    groups(tests);
  });
}

function exclusive<T extends object>({ test, harness }: SuiteTests<T>): void {
  /** Callbacks that put the device into a set before the driver's own init, and call `inside` when it opens. */
  const setOf = (setId: string | undefined, inside: () => void): VfioDeviceOps<T> => {
    const pair = withPair(harness.ops);
    return {
      ...pair,
      init(device) {
        if (setId !== undefined) assignDeviceSet(harness.vdev(device), setId);
        harness.ops.init?.(device);
      },
      openDevice(device) {
        inside();
        pair.openDevice?.(device);
      },
      closeDevice: (device) => pair.closeDevice?.(device),
    };
  };

  test('[37] an open inside an open of the same device set is EDEADLK and changes nothing', async (t) => {
    const { vdev: inner } = t.registered(setOf('set', () => {}));
    const innerGroup = openGroup(t, inner);
    const seen: Promise<string>[] = [];
    const { vdev: outer } = t.registered(
      setOf('set', () => seen.push(outcome(() => innerGroup.openDevice(inner.name)))),
    );
    openGroup(t, outer).openDevice(outer.name).close();
    expect(await Promise.all(seen)).toEqual(['EDEADLK']);
    innerGroup.openDevice(inner.name).close();
  });

  test('[37] the opens of all members of a device set count together', (t) => {
    const ops = setOf('set', () => {});
    const [first, second] = [t.registered(ops).vdev, t.registered(ops).vdev];
    const files = [first, second].map((vdev) => openGroup(t, vdev).openDevice(vdev.name));
    expect(deviceSetOpenCount(first)).toBe(2);
    expect(deviceSetOpenCount(second)).toBe(2);
    for (const file of files) file.close();
  });

  test('[22] devices without an explicit set do not share a lock', async (t) => {
    const { vdev: inner } = t.registered(setOf(undefined, () => {}));
    const innerGroup = openGroup(t, inner);
    const seen: Promise<string>[] = [];
    const { vdev: outer } = t.registered(
      setOf(undefined, () => seen.push(outcome(() => innerGroup.openDevice(inner.name).close()))),
    );
    const file = openGroup(t, outer).openDevice(outer.name);
    expect(await Promise.all(seen)).toEqual(['ok']);
    expect(deviceSetOpenCount(inner)).toBe(0);
    expect(deviceSetOpenCount(outer)).toBe(1);
    file.close();
  });

  test('[38] the KVM reference of the open is dropped at the last close', (t) => {
    const kvm = countedKvm();
    const { vdev } = t.registered();
    const group = openGroup(t, vdev);
    group.setKvm(kvm);
    const first = group.openDevice(vdev.name);
    const second = group.openDevice(vdev.name);
    expect(kvm.references).toBeGreaterThanOrEqual(1);
    first.close();
    expect(kvm.references).toBeGreaterThanOrEqual(1);
    second.close();
    expect(kvm.references).toBe(0);
  });
}

function groups<T extends object>({ test }: SuiteTests<T>): void {
  test('[31] a second open of the group is EBUSY until the first is closed', async (t) => {
    const { vdev } = t.registered();
    const group = deviceGroup(vdev);
    const file = group.open();
    await refused('EBUSY', () => group.open());
    file.close();
    group.open().close();
  });

  test('[31] a closed group file keeps the group busy while a device file lives', async (t) => {
    const { vdev } = t.registered();
    const group = openGroup(t, vdev);
    const file = group.openDevice(vdev.name);
    group.close();
    await refused('EBUSY', () => deviceGroup(vdev).open());
    file.close();
    deviceGroup(vdev).open().close();
  });

  test('[31] a group without devices is ENODEV', async (t) => {
    const { vdev } = t.registered();
    const group = deviceGroup(vdev);
    await unregisterGroupDev(vdev);
    await refused('ENODEV', () => group.open());
  });

  test(
    '[32] a no-IOMMU group needs the capability',
    async (t) => {
      const vdev = t.vdev(t.allocated());
      registerGroupDev(vdev);
      t.deferUnregister(vdev);
      t.logger.take('warn');
      await refused('EPERM', () => deviceGroup(vdev).open());
      deviceGroup(vdev).open({ rawIo: true }).close();
    },
    { core: { noIommu: true } },
  );

  test('[39] a second container is EINVAL, a closed one EBADF, something else EBADFD', async (t) => {
    const { vdev } = t.registered();
    using container = new Container(t.core, 'guest');
    const closed = new Container(t.core, 'closed');
    closed.close();
    using group = deviceGroup(vdev).open();
    await refused('EBADF', () => group.setContainer(closed));
    // What only plain JavaScript can pass.
    await refused('EBADFD', () => Reflect.apply(setContainer, undefined, [group, {}]));
    group.setContainer(container);
    await refused('EINVAL', () => group.setContainer(container));
  });

  test('[39] taking the container away: EBUSY with a device open, EINVAL without one', async (t) => {
    const { vdev } = t.registered();
    const group = openGroup(t, vdev);
    const file = group.openDevice(vdev.name);
    await refused('EBUSY', () => group.unsetContainer());
    file.close();
    group.unsetContainer();
    await refused('EINVAL', () => group.unsetContainer());
    await refused('EINVAL', () => group.openDevice(vdev.name));
  });
}

function setContainer(group: GroupFile, container: Container): void {
  group.setContainer(container);
}
