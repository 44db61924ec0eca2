// Opening devices through their group: statements 25 to 30 and 35.

import {
  deviceGroup,
  deviceSetOpenCount,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  VfioError,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { countedKvm, openGroup, opensOf, withPair } from '../probe/group.ts';
import { hasOp, spyOps, withoutOps } from '../spy-ops.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

/** Opening and closing through a group. */
export function openSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('open and close', harness, options, (tests) => {
    counting(tests);
    failing(tests);
    looking(tests);
    missing(tests);
  });
}

function counting<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[25] the first open calls openDevice, a second one does not', (t) => {
    const calls: string[] = [];
    const { vdev } = t.registered(spyOps(withPair(harness.ops), calls));
    const group = openGroup(t, vdev);
    const first = group.openDevice(vdev.name);
    expect(opensOf(calls)).toEqual(['openDevice']);
    const second = group.openDevice(vdev.name);
    expect(opensOf(calls)).toEqual(['openDevice']);
    expect(deviceSetOpenCount(vdev)).toBe(2);
    first.close();
    second.close();
  });

  test('[26] only the last of two closes calls closeDevice, once', (t) => {
    const calls: string[] = [];
    const { vdev } = t.registered(spyOps(withPair(harness.ops), calls));
    const group = openGroup(t, vdev);
    const first = group.openDevice(vdev.name);
    const second = group.openDevice(vdev.name);
    first.close();
    expect(opensOf(calls)).toEqual(['openDevice']);
    second.close();
    second.close();
    expect(opensOf(calls)).toEqual(['openDevice', 'closeDevice']);
    expect(deviceSetOpenCount(vdev)).toBe(0);
  });

  test('[26] opens and closes alternate over many rounds', (t) => {
    const calls: string[] = [];
    const { vdev } = t.registered(spyOps(withPair(harness.ops), calls));
    const group = openGroup(t, vdev);
    for (let round = 0; round < 10; round++) group.openDevice(vdev.name).close();
    const rounds = Array.from({ length: 10 }, () => ['openDevice', 'closeDevice']).flat();
    expect(opensOf(calls)).toEqual(rounds);
  });

  test('[26] after the last close the device opens as it did the first time', async (t) => {
    const { device, vdev } = t.registered();
    const fresh = harness.snapshot?.(device);
    const first = t.openInProcess(vdev);
    await first.close();
    const second = t.openInProcess(vdev);
    expect(second.access.getInfo().numRegions).toBeGreaterThanOrEqual(0);
    expect(harness.snapshot?.(device)).toEqual(fresh);
  });

  test('[26] what the device runs while it is open stops with the last close', async (t) => {
    const { vdev } = t.registered();
    const before = t.clock.pending;
    await t.openInProcess(vdev).close();
    expect(t.clock.pending).toBe(before);
  });

  test('[26] a call on a closed file is refused', async (t) => {
    const { vdev } = t.registered();
    const session = t.openInProcess(vdev);
    await session.close();
    await refused('EBADF', () => session.access.getInfo());
    await refused('EBADF', () => session.access.read(0, 0, new Uint8Array(1)));
    await refused('EBADF', () => session.access.reset());
  });
}

function failing<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[27] an openDevice that fails is undone, and a later open works', async (t) => {
    const calls: string[] = [];
    let fails = true;
    const error = new VfioError('EIO', 'openDevice', 'made to fail');
    const pair = withPair(harness.ops);
    const ops: VfioDeviceOps<T> = {
      ...pair,
      openDevice(device) {
        if (fails) throw error;
        pair.openDevice?.(device);
      },
      closeDevice: (device) => pair.closeDevice?.(device),
    };
    const { vdev } = t.registered(spyOps(ops, calls));
    const kvm = countedKvm();
    const group = openGroup(t, vdev);
    group.setKvm(kvm);
    expect(() => group.openDevice(vdev.name)).toThrow(error);
    expect(opensOf(calls)).toEqual(['openDevice']);
    expect(deviceSetOpenCount(vdev)).toBe(0);
    expect(kvm.references).toBe(0);
    fails = false;
    group.openDevice(vdev.name).close();
    expect(opensOf(calls)).toEqual(['openDevice', 'openDevice', 'closeDevice']);
    group.unsetContainer();
  });

  test('[27] a device file that cannot be made undoes the open', async (t) => {
    const calls: string[] = [];
    const { vdev } = t.registered(spyOps(withPair(harness.ops), calls));
    const group = openGroup(t, vdev);
    t.failAt('device-file', 'ENOMEM');
    await refused('ENOMEM', () => group.openDevice(vdev.name));
    expect(opensOf(calls)).toEqual(['openDevice', 'closeDevice']);
    expect(deviceSetOpenCount(vdev)).toBe(0);
    group.openDevice(vdev.name).close();
  });

  test('[28] a driver that is going away is ENODEV, and openDevice is not called', async (t) => {
    const calls: string[] = [];
    const { vdev } = t.registered(spyOps(withPair(harness.ops), calls));
    const group = openGroup(t, vdev);
    t.failAt('module-get', 'ENOENT');
    await refused('ENODEV', () => group.openDevice(vdev.name));
    expect(opensOf(calls)).toEqual([]);
    group.openDevice(vdev.name).close();
  });

  test('[29] without a container the open is EINVAL', async (t) => {
    const { vdev } = t.registered();
    using group = deviceGroup(vdev).open();
    await refused('EINVAL', () => group.openDevice(vdev.name));
  });
}

function looking<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[30] an unknown name is ENODEV', async (t) => {
    const { vdev } = t.registered(withoutOps(harness.ops, 'match'));
    const group = openGroup(t, vdev);
    await refused('ENODEV', () => group.openDevice(`${vdev.name}0`));
    await refused('ENODEV', () => group.openDevice(''));
  });

  if (hasOp(harness.ops, 'match')) {
    test("[30] the driver's own match knows its device and no other name", async (t) => {
      const { vdev } = t.registered();
      const group = openGroup(t, vdev);
      expect(await outcome(() => group.openDevice('nobody has this name'))).not.toBe('ok');
      group.openDevice(vdev.name).close();
    });
  }

  const verdicts = [
    [-1, 'EPERM'],
    [-13, 'EACCES'],
    [0, 'ENODEV'],
    [1, 'ok'],
  ] as const;
  for (const [verdict, expected] of verdicts) {
    test(`[30] a match that gives ${verdict}: ${expected}`, async (t) => {
      const asked: string[] = [];
      const { vdev } = t.registered({
        ...harness.ops,
        match(_device, name) {
          asked.push(name);
          return verdict;
        },
      });
      const group = openGroup(t, vdev);
      expect(await outcome(() => group.openDevice('any name').close())).toBe(expected);
      expect(asked).toEqual(['any name']);
    });
  }
}

function missing<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[35] where a callback is missing, what needs it is EINVAL', async (t) => {
    const calls: string[] = [];
    const { vdev: whole } = t.registered(spyOps(harness.ops, calls));
    const missed = ['read', 'write', 'reset', 'queryGfxPlane', 'deviceFeature'] as const;
    const { vdev: bare } = t.registered(withoutOps(harness.ops, ...missed));
    const [good, lacking] = [t.openInProcess(whole), t.openInProcess(bare)];
    await refused('EINVAL', () => lacking.access.reset());
    await refused('EINVAL', () => lacking.access.feature({ flags: 0x1_0000 | 0xfff0 }));
    await refused('ENOTTY', () => lacking.access.queryGfxPlane({ flags: 4 }));
    const byte = new Uint8Array(1);
    for (let index = 0; index < good.access.getInfo().numRegions; index++) {
      const { flags, size } = good.access.getRegionInfo(index);
      if (size === 0) continue;
      for (const direction of ['read', 'write'] as const) {
        const flag =
          direction === 'read' ? VFIO_REGION_INFO_FLAG_READ : VFIO_REGION_INFO_FLAG_WRITE;
        if ((flags & flag) === 0) continue;
        calls.length = 0;
        // Whether it is accepted is the driver's business: a write can be a command.
        // oxlint-disable-next-line no-await-in-loop
        await outcome(() => good.access[direction](index, 0, byte));
        const isAsked = calls.includes(direction);
        const code = isAsked ? 'EINVAL' : 'ok';
        // oxlint-disable-next-line no-await-in-loop
        expect(await outcome(() => lacking.access[direction](index, 0, byte))).toBe(code);
      }
    }
  });
}
