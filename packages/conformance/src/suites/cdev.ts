// Character devices: statements 33 and 34.

import {
  deviceGroup,
  deviceSetOpenCount,
  Iommufd,
  openDeviceCdev,
  PAGE_SIZE,
  unregisterGroupDev,
  VFIO_DMA_MAP_FLAG_READ,
  type CdevFile,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { isSettled, refused } from '../assert.ts';
import type { TestContext } from '../context.ts';
import type { DeviceHarness } from '../harness.ts';
import { spyOps } from '../spy-ops.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

/** Opening through a character device and an iommufd. */
export function cdevSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('character device', harness, options, (tests) => {
    if (!harness.supports.iommufd) {
      tests.test('[33] a core without iommufd has no character devices', async (t) => {
        const { vdev } = t.registered();
        await refused('ENOTTY', () => openDeviceCdev(vdev));
      });
      return;
    }
    unbound(tests);
    binding(tests);
    attaching(tests);
  });
}

function openIommufd<T extends object>(t: TestContext<T>): Iommufd {
  const iommufd = new Iommufd(t.core, 'iommufd');
  t.defer('close the iommufd', () => iommufd.close());
  return iommufd;
}

function unbound<T extends object>({ test }: SuiteTests<T>): void {
  const byte = new Uint8Array(1);
  const calls: Record<string, (file: CdevFile, t: TestContext<T>) => unknown> = {
    getInfo: (file) => file.getInfo(),
    getRegionInfo: (file) => file.getRegionInfo(0),
    getIrqInfo: (file) => file.getIrqInfo(0),
    setIrqs: (file) => file.setIrqs({ flags: 0x21, index: 0, start: 0, count: 0 }),
    read: (file) => file.read(0, 0, byte),
    write: (file) => file.write(0, 0, byte),
    mmap: (file) => file.mmap(0, 0, PAGE_SIZE),
    reset: (file) => file.reset(),
    feature: (file) => file.feature({ flags: 0x1_0001, argsz: 16 }),
    readMigrationData: (file) => file.readMigrationData(byte),
    writeMigrationData: (file) => file.writeMigrationData(byte),
    mapDma: (file, t) => {
      using guest = new DisposableStack();
      const memory = guest.adopt(t.memory.alloc('guest', PAGE_SIZE), (it) => it.close());
      file.mapDma({ iova: 0, size: PAGE_SIZE, flags: VFIO_DMA_MAP_FLAG_READ, memory });
    },
    unmapDma: (file) => file.unmapDma({ iova: 0, size: PAGE_SIZE }),
    queryGfxPlane: (file) => file.queryGfxPlane({ flags: 4 }),
    attach: (file) => file.attach(),
    detach: (file) => file.detach(),
  };
  for (const [name, call] of Object.entries(calls)) {
    test(`[33] ${name} before bind is EINVAL`, async (t) => {
      const { vdev } = t.registered();
      using file = openDeviceCdev(vdev);
      await refused('EINVAL', () => call(file, t));
    });
  }

  test('[33] the character device of an unregistered device is ENODEV', async (t) => {
    const { vdev } = t.registered();
    await unregisterGroupDev(vdev);
    await refused('ENODEV', () => openDeviceCdev(vdev));
  });

  test('[33] an unbound file holds the registration, and cannot be bound any more', async (t) => {
    const { vdev } = t.registered();
    const file = openDeviceCdev(vdev);
    const done = unregisterGroupDev(vdev);
    expect(await isSettled(done)).toBe(false);
    const iommufd = openIommufd(t);
    await refused('ENODEV', () => file.bindIommufd({ iommufd }));
    file.close();
    await done;
  });
}

function binding<T extends object>({ test, harness }: SuiteTests<T>): void {
  const malformed = [
    { what: 'argsz 15', request: { argsz: 15 } },
    { what: 'flags 1', request: { flags: 1 } },
  ];
  for (const { what, request } of malformed) {
    test(`[34] bind with ${what} is EINVAL and opens nothing`, async (t) => {
      const calls: string[] = [];
      const { vdev } = t.registered(spyOps(harness.ops, calls));
      using file = openDeviceCdev(vdev);
      const iommufd = openIommufd(t);
      calls.length = 0;
      await refused('EINVAL', () => file.bindIommufd({ ...request, iommufd }));
      expect(calls).toEqual([]);
      expect(deviceSetOpenCount(vdev)).toBe(0);
    });
  }

  test('[34] bind to an iommufd that is closed is EINVAL', async (t) => {
    const { vdev } = t.registered();
    using file = openDeviceCdev(vdev);
    const iommufd = new Iommufd(t.core, 'closed');
    iommufd.close();
    await refused('EINVAL', () => file.bindIommufd({ iommufd }));
  });

  test('[34] bind while the group is open is EBUSY, the group while bound too', async (t) => {
    const { vdev } = t.registered();
    using file = openDeviceCdev(vdev);
    const iommufd = openIommufd(t);
    const group = deviceGroup(vdev).open();
    await refused('EBUSY', () => file.bindIommufd({ iommufd }));
    group.close();
    file.bindIommufd({ iommufd });
    await refused('EBUSY', () => deviceGroup(vdev).open());
    file.close();
    deviceGroup(vdev).open().close();
  });

  test('[34] a second bind is EINVAL, of the same file and of another', async (t) => {
    const { vdev } = t.registered();
    using file = openDeviceCdev(vdev);
    using other = openDeviceCdev(vdev);
    const iommufd = openIommufd(t);
    file.bindIommufd({ iommufd });
    await refused('EINVAL', () => file.bindIommufd({ iommufd }));
    await refused('EINVAL', () => other.bindIommufd({ iommufd }));
    expect(deviceSetOpenCount(vdev)).toBe(1);
    file.close();
    other.bindIommufd({ iommufd });
  });

  test('[34] bind and close call the four callbacks around open and close', (t) => {
    const calls: string[] = [];
    const ops = {
      ...harness.ops,
      openDevice: (device: T) => harness.ops.openDevice?.(device),
      closeDevice: (device: T) => harness.ops.closeDevice?.(device),
    };
    const { vdev } = t.registered(spyOps(ops, calls));
    const file = openDeviceCdev(vdev);
    calls.length = 0;
    file.bindIommufd({ iommufd: openIommufd(t) });
    expect(calls).toEqual(['bindIommufd', 'openDevice']);
    file.attach();
    file.detach();
    expect(calls.slice(2)).toEqual(['attachIoas', 'detachIoas']);
    file.close();
    expect(calls.slice(4)).toEqual(['closeDevice', 'unbindIommufd']);
  });
}

function attaching<T extends object>({ test }: SuiteTests<T>): void {
  test('[34] attach and detach: short argsz and unknown flags are EINVAL', async (t) => {
    const { vdev } = t.registered();
    using file = openDeviceCdev(vdev);
    file.bindIommufd({ iommufd: openIommufd(t) });
    await refused('EINVAL', () => file.attach({ argsz: 11 }));
    await refused('EINVAL', () => file.attach({ flags: 1 }));
    expect(file.ioas).toBe(undefined);
    file.attach();
    await refused('EINVAL', () => file.detach({ argsz: 7 }));
    await refused('EINVAL', () => file.detach({ flags: 1 }));
    expect(file.ioas).toBeDefined();
    file.detach();
    expect(file.ioas).toBe(undefined);
  });

  test('[34] a bound and attached file works as one of the group does', async (t) => {
    const { vdev } = t.registered();
    using file = openDeviceCdev(vdev);
    file.bindIommufd({ iommufd: openIommufd(t) });
    await refused('EINVAL', () => file.unmapDma({ iova: 0, size: PAGE_SIZE }));
    file.attach();
    expect(file.unmapDma({ iova: 0, size: PAGE_SIZE }).size).toBe(0);
    expect(file.getInfo().argsz).toBe(16);
  });
}
